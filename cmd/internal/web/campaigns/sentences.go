package campaigns

import (
	"strings"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// sentences say a campaign's rules in a reader's language, the most important first.
func sentences(l page.Lang, c *pb.Campaign) []string {
	r := c.GetRules()
	said := []string{againText(l, r)}
	for _, o := range r.GetIntervals() {
		said = append(said, l.Text("say_outcome", l.Text(word(o.GetOutcome())), spanText(l, o.GetInterval().AsDuration())))
	}
	said = append(said, endText(l, c)...)
	if len(r.GetHolidays()) > 0 {
		said = append(said, l.Text("say_holidays", strings.Join(r.GetHolidays(), l.Text("camp_comma"))))
	}
	if len(r.GetCalendars()) > 0 {
		said = append(said, l.Text("say_calendars", strings.Join(r.GetCalendars(), l.Text("camp_comma"))))
	}
	for _, k := range r.GetCaps() {
		count := many(l, "camp_count_"+countWord(k.GetCount()), int64(k.GetMax()))
		said = append(said, l.Text("say_cap", count, periodText(l, k), l.Text("camp_scope_"+word(k.GetScope()))))
	}
	for _, k := range r.GetCoolOffs() {
		said = append(said, l.Text("say_cool_off", l.Text("camp_after_"+k.GetAfter()), periodText(l, k), l.Text("camp_scope_"+word(k.GetScope()))))
	}
	if r.GetRotate() {
		said = append(said, l.Text("say_rotate"))
	}
	if r.GetMixHours() {
		said = append(said, l.Text("say_mix"))
	}
	said = append(said, l.Text("say_network", spanText(l, r.GetNetworkRetry().AsDuration()), many(l, "camp_times", int64(r.GetNetworkRetryLimit()))))
	said = append(said, floorText(l, c)...)
	return append(said, lawText(l, r)...)
}

// againText says when a lead that was not reached is called again: what everybody asks first.
func againText(l page.Lang, r *pb.Rules) string {
	wait, hours := spanText(l, r.GetInterval().AsDuration()), hoursText(l, r.GetHours())
	if n := r.GetMaxPerDay(); n > 0 {
		return l.Text("say_again", wait, many(l, "camp_times", int64(n)), hours)
	}
	return l.Text("say_again_free", wait, hours)
}

func endText(l page.Lang, c *pb.Campaign) []string {
	var said []string
	r := c.GetRules()
	if n := r.GetMaxAttempts(); n > 0 {
		said = append(said, l.Text("say_max_attempts", many(l, "camp_calls", int64(n))))
	}
	if n := r.GetMaxDays(); n > 0 {
		said = append(said, l.Text("say_max_days", many(l, "camp_days", int64(n))))
	}
	if len(said) == 0 {
		said = append(said, l.Text("say_no_end"))
	}
	if r.GetExpiresAt().IsValid() {
		said = append(said, l.Text("say_expires", day(r.GetExpiresAt(), c.GetZone())+" "+c.GetZone()))
	}
	return said
}

func floorText(l page.Lang, c *pb.Campaign) []string {
	f := c.GetFloor()
	said := []string{
		l.Text("say_offer", spanText(l, f.GetOfferTime().AsDuration()), spanText(l, f.GetWrapUp().AsDuration())),
		l.Text("say_promise", spanText(l, f.GetRemindBefore().AsDuration()), spanText(l, f.GetOwnerWait().AsDuration()), spanText(l, f.GetGrace().AsDuration())),
	}
	if len(c.GetSkills()) > 0 {
		said = append(said, l.Text("say_skills", strings.Join(c.GetSkills(), l.Text("camp_comma"))))
	}
	if c.GetMaskNumbers() {
		said = append(said, l.Text("say_mask"))
	}
	if p := c.GetPreCall(); p.GetAddress() != "" {
		key := "say_pre_call_open"
		if p.GetFailClosed() {
			key = "say_pre_call_closed"
		}
		said = append(said, l.Text(key, p.GetAddress()))
	}
	return said
}

// lawText says which laws are kept, and which not.
func lawText(l page.Lang, r *pb.Rules) []string {
	var said []string
	if r.GetMatter() != "" {
		said = append(said, l.Text("say_matter", r.GetMatter()))
	}
	if len(r.GetPacks()) == 0 {
		return append(said, l.Text("say_no_law"))
	}
	purpose := r.GetPurpose()
	if purpose == "" {
		purpose = "sales"
	}
	said = append(said, l.Text("say_law", strings.Join(r.GetPacks(), l.Text("camp_comma")), l.Text("camp_purpose_"+purpose)))
	for _, w := range r.GetWaivers() {
		said = append(said, l.Text("say_waiver", w.GetRule(), w.GetReason()))
	}
	return said
}

func countWord(c pb.CapCount) string {
	if c == pb.CapCount_CAP_COUNT_UNSPECIFIED {
		return "attempts"
	}
	return word(c)
}

// periodText is the time of a cap or a wait: so many hours, or so many calendar days.
func periodText(l page.Lang, k limited) string {
	if n := k.GetDays(); n > 0 {
		return many(l, "camp_calendar_days", int64(n))
	}
	return spanText(l, k.GetPeriod().AsDuration())
}
