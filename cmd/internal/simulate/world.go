package simulate

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"redial/campaign"
	"redial/dialer"
	"redial/scheduler"
)

// lead is a lead as the record would hold it, with what it is bound to.
type lead struct {
	campaign.Lead
	gen      uint32 // of its place in the index
	home     *loaded
	group    *group
	desk     *agent // who holds it; nil: nobody
	promise  *promise
	sup      []campaign.Suppression
	subjects []*subject     // shared with other leads; nil: none
	uses     []campaign.Use // by campaigns that are not simulated
	consents []campaign.Consent
	before   int // calls made before virtual time began
}

// floor is one campaign as it is worked.
type floor struct {
	*campaign.Campaign
	lists     []*loaded
	groups    []*group
	calendars []*campaign.Calendar // named by the campaign or a list of it, in the order of names
	doors     doors
	mix       dialer.Mix
	tally     floorTally
	refs      []*campaign.Calendar // scratch
}

// loaded is a list as it is worked.
type loaded struct {
	*campaign.List
	floor     *floor
	calendars []*campaign.Calendar
	tally     listTally
}

// world is a simulation that runs.
type world struct {
	scn       *Scenario
	book      scheduler.Rulebook
	follow    func(campaign.Session, time.Time, campaign.Happening) (campaign.Session, error)
	start     int64 // Unix milliseconds, as all instants of the engine
	end       int64
	ms        int64     // now
	now       time.Time // the same
	seq       int64
	events    heap[event]
	wakeAt    int64 // of the earliest wake-up under way; 0: none
	floors    []*floor
	byID      map[campaign.CampaignID]*floor
	leads     []*lead
	agents    []*agent
	waiting   []*agent // ready, longest first
	dirty     bool     // something changed that may serve a waiting agent
	due       []*promise
	promises  promiseTally
	last      campaign.AssignmentID
	lastVow   campaign.AppointmentID
	pcg       *rand.PCG
	rng       *rand.Rand
	facts     campaign.Facts // scratch: valid until the next use
	usesBuf   []campaign.Use
	tally     tally
	check     checker
	heartbeat time.Duration
	told      func(Call) // nil: nobody asks
}

func newWorld(ctx context.Context, s *Scenario, o Options) (*world, error) {
	w := &world{
		scn: s, book: scheduler.Rulebook{Law: o.Law}, heartbeat: dialer.DefaultHeartbeat, follow: dialer.Follow(dialer.DefaultHeartbeat),
		start: s.Start.UnixMilli(), end: s.End().UnixMilli(), byID: make(map[campaign.CampaignID]*floor), pcg: rand.NewPCG(s.Seed, 0),
	}
	w.rng = rand.New(w.pcg)
	w.at(w.start)
	w.told = o.Called
	w.tally.begin(s)
	w.promises.begin()
	w.check = checker{w: w, full: o.Full}
	for i, c := range s.Campaigns {
		for _, name := range c.Rules.Packs {
			if o.Law == nil || o.Law.Pack(name) == nil {
				return nil, campaign.Invalid(fmt.Sprintf("campaigns[%d].rules.packs", i), fmt.Sprintf("no law pack %q here", name))
			}
		}
		f := &floor{Campaign: c}
		f.tally.begin()
		f.doors.init(w, f)
		w.floors = append(w.floors, f)
		w.byID[c.ID] = f
	}
	if err := w.load(ctx); err != nil {
		return nil, err
	}
	w.hire()
	return w, nil
}

// at moves the clock.
func (w *world) at(ms int64) {
	w.ms = ms
	w.now = time.UnixMilli(ms).UTC()
}

// load takes the lists in: every lead is planned and finds its calendar group.
func (w *world) load(ctx context.Context) error {
	made := maker{w: w}
	for i, l := range w.scn.Lists {
		f := w.byID[l.CampaignID]
		if f == nil {
			return fmt.Errorf("list %q is of campaign %d, which is not simulated", l.Name, l.CampaignID)
		}
		k := &loaded{List: &l.List, floor: f}
		k.calendars = w.named(l.Calendars)
		f.lists = append(f.lists, k)
		for _, g := range l.Leads {
			made.give(k, g)
		}
		if l.Made != nil {
			made.invent(k, l.Made, i)
		}
	}
	for _, f := range w.floors {
		f.calendars = w.named(f.Rules.Calendars)
	}
	made.link()
	for i, l := range w.leads {
		if i%looksEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := w.settleIn(l); err != nil {
			return err
		}
	}
	w.check.loaded()
	return nil
}

// named are the calendars of those names; a name that nobody knows is a calendar without days.
func (w *world) named(names []string) []*campaign.Calendar {
	var out []*campaign.Calendar
	for _, n := range names {
		if c := w.scn.Calendars[n]; c != nil {
			out = append(out, c)
		}
	}
	return out
}

// settleIn plans a lead for the first time.
func (w *world) settleIn(l *lead) error {
	f := l.home.floor
	l.Assignment = 0
	w.join(l)
	l.home.tally.leads++
	if l.State == campaign.LeadWithdrawn {
		f.tally.leads[l.State]++
		return nil
	}
	l.State = campaign.LeadOpen
	if p := l.promise; p != nil {
		if p.At.IsZero() {
			if err := w.promiseGiven(l); err != nil {
				return err
			}
		}
		w.open(p)
	}
	f.tally.leads[campaign.LeadOpen]++
	l.home.tally.open++
	if len(l.Tries) == 0 {
		l.home.tally.fresh++
	}
	w.decide(l)
	return nil
}

// promiseGiven derives the instant of a promise that the scenario gives as a wall time.
func (w *world) promiseGiven(l *lead) error {
	p := l.promise
	l.promise = nil
	b := campaign.Booking{Local: p.Local, Zone: cmp.Or(p.Zone, l.Zones[0]), Insisted: p.Insisted}
	at, grace, err := w.book.Book(w.factsOf(l), b)
	if err != nil {
		return fmt.Errorf("appointment of lead %d: %w", l.ID, err)
	}
	p.Zone, p.At, p.GraceEnd = b.Zone, at, grace
	l.promise = p
	return nil
}

// join puts a lead into its calendar group.
func (w *world) join(l *lead) {
	k := l.home
	f := k.floor
	sites := l.Sites(l.consents, f.Rules.Purpose, w.now)
	key := fmt.Sprint(l.ListID, "|", siteKey(sites))
	g := f.doors.byKey[key]
	if g == nil {
		g = &group{
			floor: f, list: k, id: campaign.GroupID(len(f.groups) + 1),
			Group: campaign.Group{
				CampaignID: f.ID, ListID: l.ListID, Sites: sites, Hours: k.Hours, Calendars: k.Calendars, Priority: k.Priority,
			},
		}
		g.ID = g.id
		f.doors.byKey[key] = g
		f.groups = append(f.groups, g)
	}
	l.group, l.GroupID = g, g.ID
}

func siteKey(sites []campaign.Site) string {
	var b strings.Builder
	for _, s := range sites {
		fmt.Fprintf(&b, "%s;%s;%v|", strings.Join(s.Zones, ","), strings.Join(s.Places, ","), s.Consented)
	}
	return b.String()
}
