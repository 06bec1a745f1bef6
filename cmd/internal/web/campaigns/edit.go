package campaigns

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"redial/campaign"
	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
	schedulerv1 "redial/proto/scheduler/v1"
)

// formData is the form of a campaign.
type formData struct {
	*form
	ID        int64  // 0: a new one
	Was       string // its name in the record
	Said      []string
	Calendars []string
	Packs     []*schedulerv1.LawPack
	Fields    []string // that leads have, for the script
	Problem   *page.Problem
	Theirs    []theirs    // what somebody else changed meanwhile
	Effect    *effectData // what the change would move; nil: not asked
	First     string      // id of the first field that is wrong
}

// theirs is a field that somebody else changed meanwhile.
type theirs struct {
	Name string
	Both bool // and so did the reader, whose value stands in the form
}

// waits of the floor, for the template.
func (formData) FloorWaits() []string { return floorWaits }

func (p *pages) blank(w http.ResponseWriter, r *http.Request) {
	rules, floor := campaign.DefaultRules(), campaign.DefaultFloor()
	perDay, limit := int32(rules.MaxPerDay), int32(rules.NetworkRetryLimit)
	c := &pb.Campaign{
		Rules: &pb.Rules{
			Interval: durationpb.New(rules.Interval), MaxPerDay: &perDay, NetworkRetry: durationpb.New(rules.NetworkRetry), NetworkRetryLimit: &limit,
			Hours: []*pb.Window{{Days: week, Open: "09:00", Close: "21:00"}},
		},
		Floor: &pb.FloorSettings{
			RemindBefore: durationpb.New(floor.RemindBefore), OwnerWait: durationpb.New(floor.OwnerWait), Grace: durationpb.New(floor.Grace),
			OfferTime: durationpb.New(floor.OfferTime), WrapUp: durationpb.New(floor.WrapUp), Lease: durationpb.New(floor.Lease),
			Conversation: durationpb.New(floor.Conversation), CorrectWithin: durationpb.New(floor.CorrectWithin),
		},
	}
	p.form(w, r, http.StatusOK, formData{form: fill(c)}, c)
}

func (p *pages) edit(w http.ResponseWriter, r *http.Request) {
	c, err := p.current(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	p.form(w, r, http.StatusOK, formData{form: fill(c), ID: c.GetId(), Was: c.GetName()}, c)
}

func (p *pages) current(r *http.Request) (*pb.Campaign, error) {
	id, err := idOf(r)
	if err != nil {
		return nil, err
	}
	a, err := p.campaigns.GetCampaign(r.Context(), &pb.GetCampaignRequest{Id: id})
	return a.GetCampaign(), err
}

// form draws the form of a campaign; c is what it says.
func (p *pages) form(w http.ResponseWriter, r *http.Request, code int, d formData, c *pb.Campaign) {
	if err := p.choices(r.Context(), &d); err != nil {
		p.views.Fail(w, r, err)
		return
	}
	l := p.views.Lang(r)
	d.Said = sentences(l, c)
	d.translate(l)
	title := "camp_edit"
	if d.ID == 0 {
		title = "camp_new"
	}
	p.views.Page(w, r, code, "campaignform", sheet(title, d))
}

// translate puts what this form found wrong into words, and finds the first of all that is wrong.
func (d *formData) translate(l page.Lang) {
	for name, why := range d.Wrong {
		d.Wrong[name] = l.Text(why)
	}
	for _, name := range slices.Concat([]string{"name", "zone", "region"}, formNames) {
		if d.Wrong[name] != "" {
			d.First = name
			return
		}
	}
	for name := range d.Wrong {
		d.First = max(d.First, name)
	}
}

// choices are what the form offers to choose from.
func (p *pages) choices(ctx context.Context, d *formData) error {
	calendars, err := p.admin.ListCalendars(ctx, &pb.ListCalendarsRequest{})
	if err != nil {
		return err
	}
	for _, c := range calendars.GetCalendars() {
		d.Calendars = append(d.Calendars, c.GetName())
	}
	for _, name := range d.V["rules.calendars"] {
		if !slices.Contains(d.Calendars, name) {
			d.Calendars = append(d.Calendars, name)
		}
	}
	packs, err := p.schedule.ListLawPacks(ctx, &schedulerv1.ListLawPacksRequest{})
	if err != nil {
		return err
	}
	d.Packs = packs.GetPacks()
	if d.ID == 0 {
		return nil
	}
	leads, err := p.leads.FindLeads(ctx, &pb.FindLeadsRequest{CampaignId: d.ID, PageSize: 5})
	if err != nil {
		return err
	}
	for _, lead := range leads.GetLeads() {
		for _, a := range lead.GetAttributes() {
			if !slices.Contains(d.Fields, a.GetName()) {
				d.Fields = append(d.Fields, a.GetName())
			}
		}
	}
	return nil
}

func (p *pages) create(w http.ResponseWriter, r *http.Request) {
	f, ok := p.posted(w, r)
	if !ok {
		return
	}
	c := f.read()
	d := formData{form: f}
	if f.Sound() {
		a, err := p.campaigns.CreateCampaign(r.Context(), &pb.CreateCampaignRequest{Campaign: c})
		if err == nil {
			p.saved(w, r, a.GetCampaign().GetId(), "did=made", a.GetWarnings())
			return
		}
		if !p.refused(w, r, &d, err) {
			return
		}
	}
	p.form(w, r, http.StatusBadRequest, d, c)
}

// posted is the form that was sent; without one the answer is given.
func (p *pages) posted(w http.ResponseWriter, r *http.Request) (*form, bool) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return nil, false
	}
	return readForm(r.PostForm), true
}

// refused puts why the API took the form for none beside the fields; other failures are answered, and it says false.
func (p *pages) refused(w http.ResponseWriter, r *http.Request, d *formData, err error) bool {
	problem := p.views.ProblemOf(r, err)
	switch problem.Code {
	case "InvalidArgument", "AlreadyExists", "FailedPrecondition", "PermissionDenied":
	default:
		p.views.Fail(w, r, err)
		return false
	}
	d.blame(problem)
	if problem.Code == "AlreadyExists" {
		d.wrong("name", "camp_name_taken")
	}
	d.Problem = &problem
	return true
}

func (p *pages) save(w http.ResponseWriter, r *http.Request) {
	f, ok := p.posted(w, r)
	if !ok {
		return
	}
	now, err := p.current(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	mine, base := f.read(), f.base()
	mine.Id = now.GetId()
	d := formData{form: f, ID: now.GetId(), Was: now.GetName()}
	if !f.Sound() {
		p.form(w, r, http.StatusBadRequest, d, mine)
		return
	}
	if now.GetVersion() != mine.GetVersion() {
		p.conflict(w, r, base, mine, now)
		return
	}
	mask := changed(now, mine)
	if len(mask) == 0 {
		p.saved(w, r, now.GetId(), "did=saved", nil)
		return
	}
	a, err := p.campaigns.UpdateCampaign(r.Context(), &pb.UpdateCampaignRequest{Campaign: mine, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}})
	if err == nil {
		tell := "did=saved"
		if slices.Contains(mask, "rules") {
			tell += "&replan=1"
		}
		p.saved(w, r, now.GetId(), tell, a.GetWarnings())
		return
	}
	if p.views.ProblemOf(r, err).Reason == campaign.ReasonVersion {
		if now, err = p.current(r); err == nil {
			p.conflict(w, r, base, mine, now)
			return
		}
	}
	if p.refused(w, r, &d, err) {
		p.form(w, r, http.StatusBadRequest, d, mine)
	}
}

// saved goes on to the campaign's page, which tells what was done and what must be known of it.
func (p *pages) saved(w http.ResponseWriter, r *http.Request, id int64, tell string, warnings []string) {
	p.figures.forget(id)
	if word := p.notes.keep(campaign.CallerFrom(r.Context()).Owner, warnings, p.now()); word != "" {
		tell += "&note=" + word
	}
	http.Redirect(w, r, "/campaigns/"+strconv.FormatInt(id, 10)+"?"+tell, http.StatusSeeOther)
}

// conflict draws the form again after somebody else changed the campaign: what they changed is taken over, except where
// the reader changed the same. Saving it again saves that.
func (p *pages) conflict(w http.ResponseWriter, r *http.Request, base, mine, now *pb.Campaign) {
	merged, both := merge(base, mine, now)
	d := formData{form: fill(merged), ID: now.GetId(), Was: now.GetName()}
	d.setBase(now)
	for _, name := range differences(base, now) {
		d.Theirs = append(d.Theirs, theirs{name, slices.Contains(both, name)})
	}
	p.form(w, r, http.StatusConflict, d, merged)
}

// explain says in sentences what a form says, as it is typed.
func (p *pages) explain(w http.ResponseWriter, r *http.Request) {
	f, ok := p.posted(w, r)
	if !ok {
		return
	}
	c := withDefaults(f.read())
	d := formData{form: f, Said: sentences(p.views.Lang(r), c)}
	d.translate(p.views.Lang(r))
	p.views.Part(w, r, http.StatusOK, "said", d)
}

// withDefaults is a campaign with the times that were left empty as the API would have them.
func withDefaults(c *pb.Campaign) *pb.Campaign {
	rules, floor := campaign.DefaultRules(), campaign.DefaultFloor()
	or := func(d **durationpb.Duration, usual time.Duration) {
		if *d == nil {
			*d = durationpb.New(usual)
		}
	}
	or(&c.Rules.Interval, rules.Interval)
	or(&c.Rules.NetworkRetry, rules.NetworkRetry)
	or(&c.Floor.OfferTime, floor.OfferTime)
	or(&c.Floor.WrapUp, floor.WrapUp)
	or(&c.Floor.RemindBefore, floor.RemindBefore)
	or(&c.Floor.OwnerWait, floor.OwnerWait)
	or(&c.Floor.Grace, floor.Grace)
	if c.Rules.NetworkRetryLimit == nil {
		c.Rules.NetworkRetryLimit = new(int32(rules.NetworkRetryLimit))
	}
	return c
}
