package scheduler_test

import (
	"slices"
	"strings"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

// world answers a question as slowly and plainly as the rule's page reads: it walks over every instant at which
// anything may change (quarters of an hour, for random windows lie on them, and the instants at which a call, a consent or
// an unknown outcome ceases to count), asks time.Time what the wall shows, and counts with sets of dates.
type world struct {
	scheduler.Question
	terms  scheduler.Terms
	zones  []*time.Location // of the number that is decided about
	places []string
	number campaign.Phone
}

// limitRule is a cap or a cool-off of anybody.
type limitRule struct {
	cap  *campaign.Cap
	cool *campaign.CoolOff
	law  *scheduler.LawRule
}

func dateOf(t time.Time, z *time.Location) campaign.Date { return campaign.DateOf(t.In(z)) }

// dayNumber counts days, so that dates can be told apart by how many lie between.
func dayNumber(d campaign.Date) int {
	return int(time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC).Sub(time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)).Hours() / 24)
}

func inForce(from, to, on campaign.Date) bool {
	none := campaign.Date{}
	return (from == none || dayNumber(from) <= dayNumber(on)) && (to == none || dayNumber(on) <= dayNumber(to))
}

func placed(places []string, in string) bool {
	return slices.ContainsFunc(places, func(p string) bool { return p == in || strings.HasPrefix(p, in+"-") })
}

// special is the special day of a date at the site.
func (w *world) special(days []campaign.Day, on campaign.Date) *campaign.Day {
	var fit []campaign.Day
	for _, d := range days {
		if d.Date == on && (d.Place == "" || placed(w.places, d.Place)) {
			fit = append(fit, d)
		}
	}
	rank := func(d campaign.Day) int {
		if d.Kind == campaign.DayClosure {
			return 0
		}
		r := 10 - 2*len(strings.Split(d.Place, "-"))
		if d.Place == "" {
			r = 10
		}
		if d.Kind == campaign.DayWorking {
			r--
		}
		return r
	}
	slices.SortStableFunc(fit, func(a, b campaign.Day) int { return rank(a) - rank(b) })
	if len(fit) == 0 {
		return nil
	}
	return &fit[0]
}

func calendarDays(all ...[]*campaign.Calendar) (days []campaign.Day) {
	for _, c := range slices.Concat(all...) {
		days = append(days, c.Days...)
	}
	return days
}

// weekly are the windows of a layer on a date.
func weekly(hours []campaign.Window, calendars []*campaign.Calendar, on campaign.Date) []campaign.Window {
	if len(hours) > 0 {
		return hours
	}
	var best *campaign.Week
	length := func(x *campaign.Week) int {
		from, to := -1_000_000, 1_000_000
		if (x.From != campaign.Date{}) {
			from = dayNumber(x.From)
		}
		if (x.To != campaign.Date{}) {
			to = dayNumber(x.To)
		}
		return to - from
	}
	for _, c := range calendars {
		for i := range c.Weeks {
			if x := &c.Weeks[i]; inForce(x.From, x.To, on) && (best == nil || length(x) < length(best)) {
				best = x
			}
		}
	}
	if best == nil {
		return nil
	}
	return best.Hours
}

func open(windows []campaign.Window, wd time.Weekday, minute int) bool {
	return slices.ContainsFunc(windows, func(w campaign.Window) bool { return w.Days[wd] && w.Open <= minute && minute < w.Close })
}

// ownOpen says whether campaign and list allow t.
func (w *world) ownOpen(t time.Time) bool {
	for _, z := range w.zones {
		l := t.In(z)
		on, wd, minute := campaign.DateOf(l), l.Weekday(), l.Hour()*60+l.Minute()
		if slices.Contains(w.Rules.Holidays, on) {
			return false
		}
		ours := weekly(w.Rules.Hours, w.terms.Calendars, on)
		if ours == nil {
			ours = w.Rules.Windows()
		}
		lists := weekly(w.terms.ListHours, w.terms.ListCalendars, on)
		if d := w.special(calendarDays(w.terms.Calendars, w.terms.ListCalendars), on); d != nil {
			if d.Kind != campaign.DayWorking {
				return false
			}
			wd = d.As
			if len(d.Hours) > 0 {
				ours = slices.Clone(d.Hours)
				for i := range ours {
					ours[i].Days[wd] = true
				}
			}
		}
		if !open(ours, wd, minute) || lists != nil && !open(lists, wd, minute) {
			return false
		}
	}
	return len(w.zones) > 0
}

// rules are those of the packs that are about the site and not waived or excused by the agent on the line.
func (w *world) rules(kinds ...scheduler.LawKind) (out []*scheduler.LawRule) {
	for _, p := range w.terms.Law {
		for i := range p.Rules {
			r := &p.Rules[i]
			waived := slices.ContainsFunc(w.Rules.Waivers, func(x campaign.Waiver) bool { return x.Rule == r.ID })
			if slices.Contains(kinds, r.Kind) && r.Holds(w.places, w.Rules.Purpose) && !waived && !slices.Contains(r.Unless, scheduler.ExcuseAgent) {
				out = append(out, r)
			}
		}
	}
	return out
}

// consented says whether a consent lifts the rule at t.
func (w *world) consented(r *scheduler.LawRule, t time.Time) bool {
	scope := campaign.ConsentFrequency
	switch r.Kind {
	case scheduler.LawConsent:
		scope = campaign.ConsentContact
	case scheduler.LawHours:
		scope = campaign.ConsentHours
	default:
	}
	if r.Kind != scheduler.LawConsent && !slices.Contains(r.Unless, scheduler.ExcuseConsent) {
		return false
	}
	return slices.ContainsFunc(w.Consents, func(c campaign.Consent) bool {
		return c.Opens(scope, w.Rules.Purpose, w.number) && c.Standing(t) && (r.ConsentAge == 0 || t.Sub(c.GivenAt) <= r.ConsentAge)
	})
}

func (w *world) lawOpen(t time.Time) bool {
	for _, r := range w.rules(scheduler.LawHours) {
		if w.consented(r, t) {
			continue
		}
		for _, z := range w.zones {
			l := t.In(z)
			on := campaign.DateOf(l)
			if !inForce(r.From, r.To, on) {
				continue
			}
			if len(r.Hours) > 0 && !open(r.Hours, l.Weekday(), l.Hour()*60+l.Minute()) {
				return false
			}
			if d := w.special(w.lawDays(r), on); r.Closed && d != nil && d.Kind != campaign.DayWorking {
				return false
			}
		}
	}
	return true
}

func (w *world) lawDays(r *scheduler.LawRule) []campaign.Day {
	for _, p := range w.terms.Law {
		for i := range p.Rules {
			if &p.Rules[i] == r {
				return p.Days
			}
		}
	}
	return nil
}

func (w *world) lacks(t time.Time) bool {
	for _, r := range w.rules(scheduler.LawConsent) {
		if w.anyZone(r, t) && !w.consented(r, t) {
			return true
		}
	}
	return false
}

func (w *world) anyZone(r *scheduler.LawRule, t time.Time) bool {
	return slices.ContainsFunc(w.zones, func(z *time.Location) bool { return inForce(r.From, r.To, dateOf(t, z)) })
}

// call is somebody's call to the person, as limits count it.
type call struct {
	campaign.Use
	own bool
}

func (w *world) allCalls() (all []call) {
	for _, t := range w.Tries {
		all = append(all, call{campaign.Use{Phone: t.Number, PlacedAt: t.PlacedAt, Outcome: t.Outcome, Talk: t.Talk}, true})
	}
	for _, u := range w.Uses {
		all = append(all, call{u, false})
	}
	return all
}

// matches says whether a call counts for a limit at t.
func (w *world) matches(l limitRule, c call, t time.Time) bool {
	var scope campaign.CapScope
	var basis string
	if l.cap != nil {
		scope, basis = l.cap.Scope, l.cap.Count.String()
	} else {
		scope, basis = l.cool.Scope, string(l.cool.After)
	}
	if !c.own {
		switch {
		case c.Inbound:
			if basis != "conversation" || scope != campaign.CapCompany && scope != campaign.CapAccount {
				return false
			}
		case c.Outside && scope != campaign.CapCompany:
			return false
		}
	}
	switch {
	case scope == campaign.CapNumber:
		if c.Phone != w.number {
			return false
		}
	case c.own:
	case scope == campaign.CapLead:
		return false
	case scope == campaign.CapAccount && w.Lead.Account != "":
		if !c.Account {
			return false
		}
	case !c.Person:
		return false
	case scope == campaign.CapMatter:
		if w.Rules.Matter != "" && c.Matter != w.Rules.Matter || w.Rules.Matter == "" && c.Campaign != w.Campaign {
			return false
		}
	}
	talked := c.Outcome.Connect() && c.Talk >= 30*time.Second
	if c.Outcome == campaign.NoOutcome {
		return basis == "attempts" || t.Before(w.Now.Truncate(time.Second).Add(time.Minute))
	}
	switch basis {
	case "attempts":
		return c.Outcome.Counted()
	case "connects":
		return c.Outcome.Connect()
	case "conversations", "conversation":
		return talked
	case "refused":
		return c.Outcome == campaign.Refused
	case "abandoned":
		return c.Outcome == campaign.Abandoned
	default:
		return c.Outcome == campaign.Machine
	}
}

// binds says whether the limit forbids a call at t.
func (w *world) binds(l limitRule, t time.Time) bool {
	if l.law != nil && (!w.anyZone(l.law, t) || w.consented(l.law, t)) {
		return false
	}
	most, period, days := 1, time.Duration(0), 0
	if l.cap != nil {
		most, period, days = l.cap.Max, l.cap.Period, l.cap.Days
	} else {
		period, days = l.cool.Period, l.cool.Days
	}
	if days == 0 {
		n := 0
		for _, c := range w.allCalls() {
			if w.matches(l, c, t) && c.PlacedAt.After(t.Add(-period)) {
				n++
			}
		}
		return n >= most
	}
	for _, z := range w.zones {
		today, n := dateOf(t, z), 0
		if l.law != nil && !inForce(l.law.From, l.law.To, today) {
			continue
		}
		for _, c := range w.allCalls() {
			on := dayNumber(dateOf(c.PlacedAt, z))
			if w.matches(l, c, t) && on > dayNumber(today)-days && on <= dayNumber(today) {
				n++
			}
		}
		if n >= most {
			return true
		}
	}
	return false
}

// limits are those of the campaign, then those of the law, each with its reason.
func (w *world) limits() (own, law []limitRule) {
	for i := range w.Rules.Caps {
		own = append(own, limitRule{cap: &w.Rules.Caps[i]})
	}
	for i := range w.Rules.CoolOffs {
		own = append(own, limitRule{cool: &w.Rules.CoolOffs[i]})
	}
	for _, r := range w.rules(scheduler.LawCap, scheduler.LawCoolOff) {
		l := limitRule{law: r}
		if r.Kind == scheduler.LawCap {
			l.cap = &r.Cap
		} else {
			l.cool = &r.CoolOff
		}
		law = append(law, l)
	}
	return own, law
}

func (l limitRule) reason() string {
	switch {
	case l.cool != nil:
		return campaign.ReasonCoolOff
	case l.law != nil:
		return campaign.ReasonLawCap
	case l.cap.Days > 0:
		return campaign.ReasonDayCap
	default:
		return campaign.ReasonRollingCap
	}
}
