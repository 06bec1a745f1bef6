package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	pb "redial/proto/campaign/v1"
)

var leadCommands = []command{
	{
		name: "lead show", args: "LEAD [--case]", short: "a lead with its whole history",
		long: "--case prints its last decision as a line of the rule of time's case format:\n\n  dialctl lead show 7 --case | dialctl decide",
		min:  1, max: 1, bind: bindShowLead,
	},
	{name: "lead find", args: "[--number N] [--name TEXT] …", short: "search leads by any of its flags together", bind: bindFindLeads},
	{
		name: "lead update", args: "LEAD [--name NAME] [--number N]… …", short: "change a lead and plan it again",
		long: "Numbers, zones, places and attributes are replaced whole: give all of them.", min: 1, max: 1, bind: bindUpdateLead,
	},
	{name: "lead withdraw", args: "LEAD [--reason TEXT]", short: "take it out: it is not called any more", min: 1, max: 1, bind: bindWithdraw},
	{
		name: "lead outside-call", args: "LEAD --source NAME --key ID --at INSTANT --outcome OUTCOME", short: "tell of a call to its person that was made elsewhere",
		long: "Caps and cool-offs of scope company count it.", min: 1, max: 1, bind: bindOutsideCall,
	},
	{name: "lead reopen", args: "LEAD [--reason TEXT]", short: "plan one again that was finished, exhausted or withdrawn", min: 1, max: 1, bind: bindReopen},
}

func (c *cli) leadArg(s string) (int64, remote, error) {
	n, err := id("lead", s)
	if err != nil {
		return 0, remote{}, err
	}
	r, err := c.connect()
	return n, r, err
}

func bindShowLead(fs *flag.FlagSet) action {
	asCase := fs.Bool("case", false, "its last decision as a case for dialctl decide")
	return func(ctx context.Context, c *cli, args []string) error {
		lead, r, err := c.leadArg(args[0])
		if err != nil {
			return err
		}
		answer, err := r.leads.GetLead(ctx, &pb.GetLeadRequest{Id: lead})
		if err != nil {
			return err
		}
		if *asCase {
			if answer.GetCaseJson() == "" {
				return fmt.Errorf("lead %d is %s, and no decision of it stands: there is no case to show", lead, word(answer.GetLead().GetState()))
			}
			fmt.Fprintln(c.stdout, answer.GetCaseJson())
			return nil
		}
		if c.json {
			o := noun("lead", answer.GetLead())
			for _, m := range messageOf(answer.ProtoReflect()) {
				switch m.name {
				case "lead":
				case "attempts": // the lead's own member counts them
					o.put("history", m.value)
				default:
					o.put(m.name, m.value)
				}
			}
			return c.emit(o)
		}
		c.showLead(answer)
		c.next("explain %d says why it is offered now, or not", lead)
		return nil
	}
}

func (c *cli) showLead(a *pb.GetLeadResponse) {
	l := a.GetLead()
	zone := first(l.GetZones())
	numbers := newNumbers(l, a.GetTries())
	for _, n := range l.GetNumbers() {
		numbers = append(numbers, numberText(n))
	}
	c.fields("lead", strings.TrimSpace(fmt.Sprintf("%d %s", l.GetId(), l.GetName())), "state", word(l.GetState()),
		"campaign", a.GetCampaignName(), "list", a.GetListName(), "line", ref(l.GetLine()), "external id", l.GetExternalId(),
		"source", l.GetSource(), "account", l.GetAccount(), "places", strings.Join(l.GetPlaces(), ", "), "numbers", strings.Join(numbers, ", "), "zones", strings.Join(l.GetZones(), ", "),
		"priority", ref(int64(l.GetPriority())), "plan", leadPlan(l),
		"decided", when(l.GetDecidedAt(), zone), "owner", ownerName(a), "held by assignment", ownerText(l.GetAssignmentId()))
	for _, at := range l.GetAttributes() {
		c.say("  %s: %s", at.GetName(), at.GetValue())
	}
	c.showHistory(a.GetAttempts(), zone)
	c.showPromises(a.GetAppointments())
}

// newNumbers are those that calls brought to light, the latest first, which the list did not have.
func newNumbers(l *pb.Lead, tries []*pb.Try) []string {
	var out []string
	for _, t := range slices.Backward(tries) {
		n := t.GetNewNumber()
		listed := func(have *pb.Number) bool { return have.GetPhone() == n }
		found := func(other *pb.Try) bool { return other.GetNumber() == n && badData(other.GetOutcome()) }
		text := n + " (new)"
		if n == "" || slices.ContainsFunc(l.GetNumbers(), listed) || slices.ContainsFunc(tries, found) || slices.Contains(out, text) {
			continue
		}
		out = append(out, text)
	}
	return out
}

func badData(o pb.Outcome) bool {
	switch o {
	case pb.Outcome_OUTCOME_WRONG_PERSON, pb.Outcome_OUTCOME_VACANT_NUMBER, pb.Outcome_OUTCOME_FAX, pb.Outcome_OUTCOME_NUMBER_CHANGED:
		return true
	default:
		return false
	}
}

// dialledNext is the number that the plan would dial, else the first one that is not bad.
func dialledNext(l *pb.Lead) string {
	if n := l.GetPlan().GetNumber(); n != "" {
		return n
	}
	good := slices.IndexFunc(l.GetNumbers(), func(n *pb.Number) bool { return !n.GetBad() })
	if len(l.GetNumbers()) == 0 {
		return ""
	}
	return l.GetNumbers()[max(good, 0)].GetPhone()
}

// leadPlan is what is decided of a lead; of one that was taken out nothing stands.
func leadPlan(l *pb.Lead) string {
	if l.GetState() == pb.LeadState_LEAD_STATE_WITHDRAWN {
		return "none: withdrawn"
	}
	return planText(l.GetPlan(), first(l.GetZones()))
}

// ownerName is whose callbacks the lead's are: the login where the history tells it.
func ownerName(a *pb.GetLeadResponse) string {
	owner := a.GetLead().GetOwnerId()
	for _, p := range a.GetAppointments() {
		if owner != 0 && p.GetOwnerId() == owner {
			return p.GetOwnerLogin()
		}
	}
	for _, t := range a.GetAttempts() {
		if owner != 0 && t.GetAgentId() == owner {
			return t.GetAgentLogin()
		}
	}
	return ownerText(owner)
}

func ownerText(n int64) string {
	if n == 0 {
		return ""
	}
	return "number " + number(n)
}

func numberText(n *pb.Number) string {
	text := n.GetPhone()
	if n.GetExtension() != "" {
		text += " ext. " + n.GetExtension()
	}
	var marks []string
	if n.GetLabel() != "" {
		marks = append(marks, n.GetLabel())
	}
	if len(n.GetZones()) > 0 {
		marks = append(marks, "in "+strings.Join(n.GetZones(), " or "))
	}
	if n.GetBad() {
		marks = append(marks, "bad")
	}
	if n.GetSuppressed() {
		marks = append(marks, "suppressed")
	}
	if len(marks) > 0 {
		text += " (" + strings.Join(marks, ", ") + ")"
	}
	return text
}

// planText is a decision for people.
func planText(p *pb.Plan, zone string) string {
	if p == nil {
		return "none yet"
	}
	text := word(p.GetVerdict())
	if p.GetAt() != nil {
		text += " at " + when(p.GetAt(), zone)
	}
	if p.GetUntil() != nil {
		text += " until " + when(p.GetUntil(), zone)
	}
	return text + ", reason " + cmp.Or(p.GetReason(), "none")
}

func (c *cli) showHistory(attempts []*pb.Attempt, zone string) {
	if len(attempts) == 0 {
		return
	}
	var rows [][]string
	for _, a := range attempts {
		what := word(a.GetOutcome())
		if a.GetCode() != "" && a.GetCode() != what {
			what = a.GetCode() + " = " + what
		}
		if a.GetAmended() {
			what += " (corrected)"
		}
		rows = append(rows, []string{number(a.GetAssignmentId()), when(a.GetPlacedAt(), zone), a.GetAgentLogin(), a.GetNumber(), what, a.GetReason(), a.GetNote()})
	}
	c.say("")
	c.table([]string{"assignment", "called", "agent", "number", "outcome", "offered as", "note"}, rows)
	for _, a := range attempts {
		for _, e := range a.GetLaw().GetExempt() {
			c.say("  call %d: law rule %s did not bind: %s", a.GetAssignmentId(), e.GetRule(), exemptText(e))
		}
	}
}

// exemptText says why a rule of a law pack did not bind a call.
func exemptText(e *pb.Exemption) string {
	switch {
	case e.GetConsentId() != 0:
		return "consent " + number(e.GetConsentId())
	case e.GetReason() != "":
		return e.GetBy() + ", " + e.GetReason()
	}
	return e.GetBy()
}

func (c *cli) showPromises(all []*pb.Appointment) {
	if len(all) == 0 {
		return
	}
	var rows [][]string
	for _, a := range all {
		rows = append(rows, []string{number(a.GetId()), a.GetLocal() + " " + a.GetZone(), when(a.GetAt(), ""), cmp.Or(a.GetOwnerLogin(), "anybody"), word(a.GetState()), a.GetReason()})
	}
	c.say("")
	c.table([]string{"promise", "for", "utc", "owner", "state", "reason"}, rows)
}

func bindFindLeads(fs *flag.FlagSet) action {
	q := &pb.FindLeadsRequest{PageSize: pageSize}
	name := fs.String("campaign", "", "of this campaign, by its `NAME`")
	state := fs.String("state", "", "in this `STATE`: open, held, finished, exhausted, suppressed or withdrawn")
	fs.Int64Var(&q.ListId, "list", 0, "of this `LIST`, by its number")
	fs.StringVar(&q.Number, "number", "", "with this telephone `NUMBER`")
	fs.StringVar(&q.Region, "region", "", "country of a number written nationally, such as `CN`")
	fs.StringVar(&q.ExternalId, "external-id", "", "with this external `ID`")
	fs.StringVar(&q.Name, "name", "", "whose name contains this `TEXT`")
	limit := fs.Int("limit", 1000, "at most `N`; 0: all")
	return func(ctx context.Context, c *cli, _ []string) (err error) {
		if q.State, err = enumNamed[pb.LeadState]("state", *state, pb.LeadState_value); err != nil {
			return err
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		if q.CampaignId, err = c.campaignID(ctx, *name); err != nil {
			return err
		}
		seen := 0
		all, err := pages(func(token string) ([]*pb.Lead, string, error) {
			q.PageToken = token
			a, err := r.leads.FindLeads(ctx, q)
			if seen += len(a.GetLeads()); *limit > 0 && seen >= *limit {
				return a.GetLeads(), "", err
			}
			return a.GetLeads(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		if *limit > 0 {
			all = all[:min(*limit, len(all))]
		}
		return c.showLeads(all)
	}
}

func (c *cli) showLeads(all []*pb.Lead) error {
	var rows [][]string
	for _, l := range all {
		if c.json {
			if err := c.emit(noun("lead", l)); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{number(l.GetId()), l.GetName(), dialledNext(l), word(l.GetState()), number(int64(l.GetAttempts())), leadPlan(l)})
	}
	if c.json {
		return nil
	}
	if len(rows) == 0 {
		c.say("no lead matches")
		return nil
	}
	c.table([]string{"lead", "name", "number", "state", "calls", "plan"}, rows)
	return nil
}

func bindUpdateLead(fs *flag.FlagSet) action {
	name := fs.String("name", "", "the person's `NAME`")
	numbers := manyVar(fs, "number", "a telephone `NUMBER`, in the order of dialling; may be repeated")
	zones := manyVar(fs, "zone", "a time `ZONE` it may be in; may be repeated")
	priority := fs.Int("priority", 0, "among fresh leads of its list, higher first")
	account := fs.String("account", "", "what the calls are about, such as a debt, as `TEXT`: caps of scope account")
	places := manyVar(fs, "place", "a `PLACE` it may live in: FR, US-FL; may be repeated; empty: none")
	attributes := &pairs{}
	fs.Var(attributes, "attribute", "`NAME=VALUE`; may be repeated")
	return func(ctx context.Context, c *cli, args []string) error {
		lead := &pb.Lead{Name: *name, Zones: *zones, Priority: int32(*priority), Account: *account,
			Places: slices.DeleteFunc(slices.Clone(*places), func(p string) bool { return p == "" })}
		for _, n := range *numbers {
			lead.Numbers = append(lead.Numbers, &pb.Number{Phone: n})
		}
		for _, n := range attributes.names {
			lead.Attributes = append(lead.Attributes, &pb.Attribute{Name: n, Value: attributes.values[n]})
		}
		var mask []string
		for flagName, field := range map[string]string{"name": "name", "number": "numbers", "zone": "zones", "priority": "priority", "attribute": "attributes", "account": "account", "place": "places"} {
			if wasSet(fs, flagName) {
				mask = append(mask, field)
			}
		}
		if len(mask) == 0 {
			return misused("nothing to change: give --name, --number, --zone, --priority, --account, --place or --attribute")
		}
		n, r, err := c.leadArg(args[0])
		if err != nil {
			return err
		}
		now, err := r.leads.GetLead(ctx, &pb.GetLeadRequest{Id: n})
		if err != nil {
			return err
		}
		lead.Id, lead.Version = n, now.GetLead().GetVersion()
		answer, err := r.leads.UpdateLead(ctx, &pb.UpdateLeadRequest{Lead: lead, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask}})
		if err != nil {
			return err
		}
		return c.aboutLead(answer.GetLead())
	}
}

// aboutLead prints a lead after something was done to it.
func (c *cli) aboutLead(l *pb.Lead) error {
	if c.json {
		return c.emit(noun("lead", l))
	}
	if s := l.GetState(); s == pb.LeadState_LEAD_STATE_OPEN || s == pb.LeadState_LEAD_STATE_HELD {
		c.say("lead %d is %s: %s", l.GetId(), word(s), planText(l.GetPlan(), first(l.GetZones())))
		return nil
	}
	c.say("lead %d is %s", l.GetId(), word(l.GetState()))
	return nil
}

func bindWithdraw(fs *flag.FlagSet) action {
	reason := fs.String("reason", "withdrawn with dialctl", "why, for the record")
	return func(ctx context.Context, c *cli, args []string) error {
		lead, r, err := c.leadArg(args[0])
		if err != nil {
			return err
		}
		answer, err := r.leads.WithdrawLead(ctx, &pb.WithdrawLeadRequest{Id: lead, Reason: *reason})
		if err != nil {
			return err
		}
		return c.aboutLead(answer.GetLead())
	}
}

func bindReopen(fs *flag.FlagSet) action {
	reason := fs.String("reason", "reopened with dialctl", "why, for the record")
	return func(ctx context.Context, c *cli, args []string) error {
		lead, r, err := c.leadArg(args[0])
		if err != nil {
			return err
		}
		answer, err := r.leads.ReopenLead(ctx, &pb.ReopenLeadRequest{Id: lead, Reason: *reason})
		if err != nil {
			return err
		}
		return c.aboutLead(answer.GetLead())
	}
}
