package rpc

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	"redial/dialer"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

type pbAppointment = campaignpb.Appointment

// session is an agent's state as a message.
func (a *Agents) session(ctx context.Context, s campaign.Session) *pb.Session {
	return sessionOf(s, a.login(ctx, s.AgentID))
}

func sessionOf(s campaign.Session, login string) *pb.Session {
	return &pb.Session{
		AgentId: int64(s.AgentID), Login: login, State: wire.AgentState(s.State), Since: wire.Time(s.Since), Reason: s.Reason,
		Deadline: wire.Time(s.Deadline), Next: nextState(s.Next), NextReason: s.NextReason, Epoch: s.Epoch,
		AssignmentId: int64(s.Assignment),
	}
}

func nextState(s campaign.AgentState) campaignpb.AgentState {
	if s == "" {
		return campaignpb.AgentState_AGENT_STATE_UNSPECIFIED
	}
	return wire.AgentState(s)
}

// login is an agent's login; empty if it cannot be had, for it only helps people.
func (a *Agents) login(ctx context.Context, id campaign.AgentID) string {
	if c := campaign.CallerFrom(ctx); c.Agent == id && id != 0 {
		return c.Owner
	}
	if id == 0 {
		return ""
	}
	known, err := a.logins.of(ctx, []campaign.AgentID{id})
	if err != nil {
		return ""
	}
	return known[id]
}

// cardTime is how long a card waits for what is read for it besides: an offer's time is running.
const cardTime = time.Second

// card is what an agent sees of a claimed lead; nil for nil. What cannot be read just now is left out: the agent can
// call without it.
func (a *Agents) card(ctx context.Context, c *campaign.Claimed) *pb.Card {
	if c == nil || c.Assignment == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, cardTime)
	defer cancel()
	as, f := c.Assignment, c.Facts
	out := &pb.Card{
		AssignmentId: int64(as.ID), LeadId: int64(as.LeadID), CampaignId: int64(as.CampaignID), CampaignName: f.Campaign.Name,
		ListId: int64(as.ListID), Name: f.Lead.Name, Attributes: wire.Attributes(f.Lead.Attributes), Reason: as.Reason,
		Why: why(as, f), MaskedNumber: as.Number.Masked(), Script: dialer.FillScript(f.Campaign.Script, f.Lead, a.login(ctx, as.AgentID)),
		Zones: f.Lead.Zones, LocalTimes: localTimes(f.Lead.Zones, a.now()), Outcomes: outcomes(f.Campaign),
		OfferedAt: wire.Time(as.OfferedAt), LeaseUntil: wire.Time(as.LeaseUntil), PlacedAt: wire.Time(as.PlacedAt),
	}
	if f.Promise != nil {
		out.Appointment = wire.Appointment(f.Promise, a.login(ctx, f.Promise.Owner))
	}
	a.history(ctx, out, f.Lead)
	if hides(ctx, f.Campaign) {
		wire.HideNumbers(out)
	}
	if as.State == campaign.AssignmentOffered {
		out.OfferUntil = wire.Time(as.OfferedAt.Add(f.Campaign.Floor.OfferTime))
	} else {
		n := numberOf(f.Lead, as.Number)
		out.Number, out.TelUri = string(n.Phone), n.TelURI() // of the call under way, which the agent dials
	}
	return out
}

func numberOf(l *campaign.Lead, p campaign.Phone) campaign.Number {
	for _, n := range l.Numbers {
		if n.Phone == p {
			return n
		}
	}
	return campaign.Number{Phone: p}
}

// history adds the calls before; logins help people and may be missing.
func (a *Agents) history(ctx context.Context, out *pb.Card, l *campaign.Lead) {
	if len(l.Tries) == 0 {
		return
	}
	past, _, err := a.past.Get(ctx, l.ID)
	if err != nil {
		out.HistoryUnread = true
		return
	}
	ids := make([]campaign.AgentID, len(past))
	for i := range past {
		ids[i] = past[i].AgentID
	}
	known, _ := a.logins.of(ctx, ids)
	for i := range past {
		m := wire.Attempt(&past[i], known[past[i].AgentID])
		m.Number, m.NewNumber = past[i].Number.Masked(), past[i].NewNumber.Masked()
		out.History = append(out.History, m)
	}
}

// why says to the agent, in a sentence, why this lead now.
func why(as *campaign.Assignment, f *campaign.Facts) string {
	last := ""
	if n := len(f.Lead.Tries); n > 0 {
		t := f.Lead.Tries[n-1]
		last = fmt.Sprintf("; attempt %d, the last was %s at %s", n+1, t.Outcome, local(t.PlacedAt, f.Lead.Zones))
	}
	switch as.Reason {
	case "appointment":
		if f.Promise != nil {
			return fmt.Sprintf("a promise for %s (%s)%s", f.Promise.Local, f.Promise.Zone, last)
		}
		return "a promise is due" + last
	case "own_callback":
		return "your own CALL_LATER is due" + last
	case "rolled_over":
		return "rolled over from an earlier day" + last
	case "retry":
		return "a retry is due" + last
	case "manual":
		return "chosen by hand" + last
	default:
		return "a lead nobody has called yet"
	}
}

func local(t time.Time, zones []string) string {
	if len(zones) > 0 {
		if loc, err := campaign.Location(zones[0]); err == nil {
			return t.In(loc).Format("2006-01-02 15:04")
		}
	}
	return t.UTC().Format("2006-01-02 15:04 MST")
}

func localTimes(zones []string, now time.Time) []string {
	out := make([]string, 0, len(zones))
	for _, z := range zones {
		if loc, err := campaign.Location(z); err == nil {
			out = append(out, now.In(loc).Format("2006-01-02T15:04"))
		}
	}
	return out
}

// outcomes are what the agent may choose: the campaign's own codes, then the rule's outcomes but those that only a
// machine reports.
func outcomes(c *campaign.Campaign) []*pb.OutcomeChoice {
	var out []*pb.OutcomeChoice
	for _, oc := range c.Codes {
		out = append(out, &pb.OutcomeChoice{Code: oc.Code, Label: oc.Label, Outcome: wire.Outcome(oc.Outcome)})
	}
	for _, o := range campaign.Outcomes() {
		if o != campaign.Abandoned && o != campaign.Unknown {
			out = append(out, &pb.OutcomeChoice{Code: o.String(), Outcome: wire.Outcome(o)})
		}
	}
	return out
}

// pageDefault is the items of a page whose size is not asked for. Pages are counted in items: the token is where the
// next begins.
const pageDefault = 100

func page(token string, size int32) (skip, n int, err error) {
	if token != "" {
		if skip, err = strconv.Atoi(token); err != nil || skip < 0 {
			return 0, 0, campaign.Invalid("page_token", "is none that this server gave: begin without one")
		}
	}
	if size == 0 {
		return skip, pageDefault, nil
	}
	n, err = wire.PageSize(size)
	return skip, n, err
}

func next(token string, size int) string {
	skip, _, err := page(token, 0)
	if err != nil {
		return ""
	}
	return strconv.Itoa(skip + size)
}
