package rpc

import (
	"context"
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
	"redial/campaign/wire"
	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/scheduler/v1"
)

// What is assumed where neither the request nor the campaign's history tells.
const (
	usualAttempts  = 3.0
	usualConnects  = 0.3
	usualTalk      = 3 * time.Minute
	usualWrapUp    = 30 * time.Second
	usualRing      = 25 * time.Second
	usualShift     = 8 * time.Hour
	usualShrinkage = 0.3
	usualOccupancy = 0.85
	usualDays      = 5.0
)

// history is how far back a campaign's own figures are looked for, and how many calls and leads make them count.
const (
	history      = 28 * 24 * time.Hour
	enoughCalls  = 100
	enoughEnded  = 30
	historyWords = "the campaign's last 28 days"
)

// EstimateStaff says how many seats and people a list needs.
func (s *Server) EstimateStaff(ctx context.Context, r *pb.EstimateStaffRequest) (*pb.EstimateStaffResponse, error) {
	e := estimate{r: r}
	rules := campaign.DefaultRules()
	var pace campaign.Pace
	if id := campaign.CampaignID(r.GetCampaignId()); id != 0 {
		c, err := s.record.Campaign(ctx, id)
		if err != nil {
			return nil, err
		}
		rules = c.Rules
		if pace, err = s.deps.Whole.Pace(ctx, id, s.now().Add(-history)); err != nil {
			return nil, err
		}
		counts, err := s.deps.Whole.LeadCounts(ctx, id, 0)
		if err != nil {
			return nil, err
		}
		e.waiting = counts[campaign.LeadOpen] + counts[campaign.LeadHeld]
	}
	w, err := e.workload(&rules, &pace)
	if err != nil {
		return nil, err
	}
	staff, err := campaign.Staff(w)
	if err != nil {
		return nil, fmt.Errorf("estimate staff: %w", err)
	}
	if max(staff.Seats, staff.People) > math.MaxInt32 {
		return nil, campaign.Invalid("target_days", "are too few for so many attempts: nobody has so many seats; give more days or fewer leads")
	}
	out := &pb.EstimateStaffResponse{
		Attempts: staff.Attempts, WorkHours: staff.WorkHours, Seats: int32(staff.Seats), People: int32(staff.People),
		Formula: staff.Formula, Basis: e.basis, Warnings: append(staff.Warnings, tooSlow(&rules, &w)...),
	}
	for _, h := range staff.Hours {
		out.Hours = append(out.Hours, &pb.StaffHour{Hour: int32(h.Hour), Attempts: h.Attempts, Load: h.Load, Seats: int32(h.Seats)})
	}
	return out, nil
}

// tooSlow warns when the rules do not let a lead be tried so often in the time.
func tooSlow(rules *campaign.Rules, w *campaign.Workload) []string {
	if can := float64(rules.MaxPerDay) * w.TargetDays; rules.MaxPerDay > 0 && can < w.AttemptsPerLead {
		return []string{fmt.Sprintf("%.1f attempts a lead do not fit into %g days of at most %d each: the rules stretch the work beyond them",
			w.AttemptsPerLead, w.TargetDays, rules.MaxPerDay)}
	}
	return nil
}

// estimate fills a workload from the request, else from history, else from what is usual, and says which.
type estimate struct {
	r       *pb.EstimateStaffRequest
	waiting int64
	basis   []string
}

func (e *estimate) say(what, from string, value any) {
	e.basis = append(e.basis, fmt.Sprintf("%s: %v (%s)", what, value, from))
}

func (e *estimate) workload(rules *campaign.Rules, p *campaign.Pace) (campaign.Workload, error) {
	r := e.r
	known := p.Attempts >= enoughCalls
	w := campaign.Workload{Leads: r.GetLeads(), InboundPerHour: r.GetInboundPerHour()}
	if w.Leads == 0 && e.waiting > 0 {
		w.Leads = e.waiting
		e.say("leads", "those of the campaign that wait", w.Leads)
	} else {
		e.say("leads", "given", w.Leads)
	}
	w.AttemptsPerLead = e.number("attempts a lead", r.GetAttemptsPerLead(), p.LeadsEnded >= enoughEnded, ratio(float64(p.EndedAttempts), float64(p.LeadsEnded)), usualAttempts)
	w.ConnectRate = e.number("connect rate", r.GetConnectRate(), known, ratio(float64(p.Connects), float64(p.Attempts)), usualConnects)
	w.Occupancy = e.number("occupancy", r.GetOccupancy(), false, 0, usualOccupancy)
	w.TargetDays = e.number("days", r.GetTargetDays(), false, 0, usualDays)
	w.Shrinkage = usualShrinkage
	if r.Shrinkage != nil {
		w.Shrinkage = r.GetShrinkage()
		e.say("shrinkage", "given", w.Shrinkage)
	} else {
		e.say("shrinkage", "assumed", w.Shrinkage)
	}
	if err := e.times(&w, p, known); err != nil {
		return w, err
	}
	windows := rules.Windows()
	if len(r.GetHours()) > 0 {
		given, err := wire.FromRules(&campaignpb.Rules{Hours: r.GetHours()})
		if err != nil {
			return w, fmt.Errorf("read the hours: %w", err)
		}
		if err := given.Validate(); err != nil {
			return w, fmt.Errorf("read the hours: %w", err)
		}
		windows = given.Hours
	}
	w.Open, w.DaysPerWeek = campaign.OpenShare(windows)
	return w, nil
}

// times fills in the durations.
func (e *estimate) times(w *campaign.Workload, p *campaign.Pace, known bool) error {
	missed := p.Attempts - p.Connects
	for _, part := range []struct {
		what, field string
		given       *durationpb.Duration
		to          *time.Duration
		known       bool
		from, usual time.Duration
	}{
		{"talk", "talk", e.r.GetTalk(), &w.Talk, known && p.Connects > 0, each(p.Talk, p.Connects), usualTalk},
		{"ringing of calls not answered", "ring", e.r.GetRing(), &w.Ring, known && missed > 0, each(p.Ring, missed), usualRing},
		{"after-call work", "wrap_up", e.r.GetWrapUp(), &w.WrapUp, known, each(p.WrapUp, p.Attempts), usualWrapUp},
		{"shift", "shift", e.r.GetShift(), &w.Shift, false, 0, usualShift},
	} {
		d, err := wire.FromDuration(part.field, part.given, part.usual)
		if err != nil {
			return err
		}
		from := "assumed"
		switch {
		case part.given != nil:
			from = "given"
		case part.known:
			d, from = part.from, historyWords
		}
		*part.to = d
		e.say(part.what, from, campaign.Duration(d.Round(time.Second)))
	}
	var err error
	w.InboundHandling, err = wire.FromDuration("inbound_handling", e.r.GetInboundHandling(), w.Talk+w.WrapUp)
	return err
}

func (e *estimate) number(what string, given float64, known bool, from, usual float64) float64 {
	switch {
	case given != 0:
		e.say(what, "given", given)
		return given
	case known:
		e.say(what, historyWords, fmt.Sprintf("%.3g", from))
		return from
	default:
		e.say(what, "assumed", usual)
		return usual
	}
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func each(sum time.Duration, n int64) time.Duration {
	if n <= 0 {
		return 0
	}
	return sum / time.Duration(n)
}
