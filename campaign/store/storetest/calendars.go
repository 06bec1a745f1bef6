package storetest

import (
	"slices"
	"sync"
	"time"

	"redial/campaign"
	"redial/campaign/store"
)

func init() { cases = append(cases, calendarCases...) }

var calendarCases = []testCase{
	{"a calendar is kept with every version and read back whole", calendarKept},
	{"two who change a calendar at once are told", calendarRaced},
	{"a calendar that is named is not deleted, and one that is not there is not named", calendarNamed},
	{"a change of a calendar finds leads without a callable time, and no others", calendarReopens},
	{"a lead that was refused on a day that was closed is due again when the day is opened", calendarOpensAgain},
	{"a list's hours are kept and plan its leads anew", listHours},
	{"I12 a calendar without a name that can be written is refused", badCalendar},
}

var (
	workdays = campaign.Window{Days: [7]bool{false, true, true, true, true, true, false}, Open: 9 * 60, Close: 18 * 60}
	someDays = campaign.Calendar{
		Name:  "cn",
		Weeks: []campaign.Week{{From: campaign.Date{Year: 2026, Month: 1, Day: 1}, Hours: []campaign.Window{workdays}}, {Hours: []campaign.Window{workdays}}},
		Days: []campaign.Day{
			{Date: campaign.Date{Year: 2026, Month: 10, Day: 1}, Kind: campaign.DayHoliday, Name: "国庆节", Place: "CN", Source: "notice"},
			{Date: campaign.Date{Year: 2026, Month: 10, Day: 10}, Kind: campaign.DayWorking, As: time.Thursday},
			{Date: campaign.Date{Year: 2026, Month: 10, Day: 11}, Kind: campaign.DayWorking, Hours: []campaign.Window{workdays}},
		},
	}
)

func (b *bundle) calendar(c campaign.Calendar) campaign.Calendar {
	b.Helper()
	return must[campaign.Calendar](b)(b.s.PutCalendar(b.Context(), c))
}

func calendarKept(b *bundle) {
	ctx := b.Context()
	made := b.calendar(someDays)
	if made.ID == 0 || made.Version != 1 || made.UpdatedAt.IsZero() {
		b.Fatalf("made %+v", made)
	}
	read := must[campaign.Calendar](b)(b.s.Calendar(ctx, "cn"))
	if !slices.EqualFunc(read.Weeks, someDays.Weeks, func(x, y campaign.Week) bool {
		return x.From == y.From && x.To == y.To && slices.Equal(x.Hours, y.Hours)
	}) || len(read.Days) != 3 || read.Days[0].Name != "国庆节" || read.Days[0].Place != "CN" || read.Days[0].Source != "notice" ||
		read.Days[1].As != time.Thursday || len(read.Days[2].Hours) != 1 || read.Days[2].Hours[0].Open != workdays.Open {
		b.Fatalf("read back %+v", read)
	}
	first := must[[]*campaign.Calendar](b)(b.s.CalendarsNamed(ctx, []string{"none", "cn", "cn"}))
	if len(first) != 1 || len(first[0].Days) != 3 {
		b.Fatalf("by name %+v", first)
	}
	read.Days = read.Days[:1]
	changed := b.calendar(read)
	if changed.Version != 2 || changed.ID != made.ID {
		b.Fatalf("changed %+v", changed)
	}
	if now := must[[]*campaign.Calendar](b)(b.s.CalendarsNamed(ctx, []string{"cn"})); now[0].Version != 2 || len(now[0].Days) != 1 || len(first[0].Days) != 3 {
		b.Fatalf("after the change %+v", now[0])
	}
	b.ok(b.s.DeleteCalendar(ctx, "cn"))
	_, err := b.s.Calendar(ctx, "cn")
	b.refused(err, campaign.KindNotFound, "")
	if again := b.calendar(someDays); again.Version != 3 {
		b.Fatalf("made anew at version %d: version 1 would mean two things", again.Version)
	}
	if n := b.count(`SELECT count(*) FROM calendar_versions WHERE name = 'cn'`); n != 3 {
		b.Fatalf("%d versions are kept, want 3", n)
	}
	b.calendar(campaign.Calendar{Name: "at"})
	all := must[[]campaign.Calendar](b)(b.s.Calendars(ctx))
	if len(all) != 2 || all[0].Name != "at" || all[1].Name != "cn" || all[1].Days != nil {
		b.Fatalf("all %+v", all)
	}
}

func calendarRaced(b *bundle) {
	made := b.calendar(someDays)
	_, err := b.s.PutCalendar(b.Context(), someDays)
	b.refused(err, campaign.KindConflict, "")
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, node := range []*store.Store{b.s, b.open()} {
		wg.Go(func() { _, errs[i] = node.PutCalendar(b.Context(), made) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		b.Fatalf("errors %v: want one that is told", errs)
	}
	if errs[0] == nil {
		errs[0] = errs[1]
	}
	b.refused(errs[0], campaign.KindConflict, campaign.ReasonVersion)
}

func calendarNamed(b *bundle) {
	ctx := b.Context()
	_, err := b.s.CreateCampaign(ctx, campaign.Campaign{Name: "x", Zone: "Asia/Shanghai", Rules: campaign.Rules{Calendars: []string{"cn"}}, Floor: campaign.DefaultFloor()})
	b.refused(err, campaign.KindInvalid, "")
	if e := asError(err); e.Violations[0].Field != "rules.calendars[0]" {
		b.Fatalf("the fault is %+v", e.Violations)
	}
	b.calendar(someDays)
	b.calendar(campaign.Calendar{Name: "ours"})
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Calendars = []string{"cn"} })
	list, _ := b.list(b.campaign(nil), []campaign.Phone{phone(1)})
	l := must[campaign.List](b)(b.s.List(ctx, list))
	must[campaign.List](b)(b.s.SetListHours(ctx, list, l.Version, nil, []string{"ours"}))
	for name, of := range map[string]campaign.CampaignID{"cn": c.ID, "ours": l.CampaignID} {
		b.refused(b.s.DeleteCalendar(ctx, name), campaign.KindUnready, campaign.ReasonBadState)
		if users := must[[]campaign.CampaignID](b)(b.s.CampaignsNaming(ctx, name)); !slices.Equal(users, []campaign.CampaignID{of}) {
			b.Fatalf("%s is named by campaigns %v, want %d", name, users, of)
		}
	}
	must[campaign.List](b)(b.s.SetListHours(ctx, list, l.Version+1, nil, nil))
	b.ok(b.s.DeleteCalendar(ctx, "ours"))
	b.refused(b.s.DeleteCalendar(ctx, "ours"), campaign.KindNotFound, "")
}

// calendarOpensAgain: what was refused waits minutes, not until the closed day would have ended.
func calendarOpensAgain(b *bundle) {
	today := b.calendar(campaign.Calendar{Name: "today", Days: someDays.Days})
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Calendars = []string{"today"} })
	lead, a := b.some(c, 1)[0], b.agent()
	if got := b.try(b.s, a, lead); got.Assignment != nil || got.Refused[0].Judgement.Binding != "hours" {
		b.Fatalf("claimed on a closed day: %+v", got)
	}
	if due := b.due(c.ID, 5, 5); len(due) != 0 {
		b.Errorf("it was refused and is due at once: %+v", due)
	}
	today.Days = nil
	b.calendar(today)
	b.wait(11 * time.Minute)
	if due := b.due(c.ID, 5, 5); len(due) != 1 {
		b.Fatalf("%d leads are due 11 minutes after the day was opened, want 1", len(due))
	}
	b.claim(a, lead)
}

// left is how many leads of a campaign are left to plan anew.
func (b *bundle) left(c campaign.CampaignID) int64 {
	b.Helper()
	_, left, err := b.s.ReplanLeft(b.Context(), c)
	b.ok(err)
	return left
}

func (b *bundle) replan(c campaign.CampaignID) (n int) {
	b.Helper()
	for after := campaign.LeadID(0); ; {
		last, some, err := b.s.ReplanBatch(b.Context(), c, after, 3)
		b.ok(err)
		n += some
		if last == 0 {
			return n
		}
		after = last
	}
}

func calendarReopens(b *bundle) {
	shut := b.calendar(campaign.Calendar{Name: "shut"})
	c := b.campaign(func(c *campaign.Campaign) { c.Rules.Calendars = []string{"shut"} })
	leads := b.some(c, 7)
	for _, l := range leads {
		b.state(l, campaign.LeadExhausted)
	}
	if n := b.left(c.ID); n != 0 {
		b.Fatalf("%d leads are left though nothing changed", n)
	}
	quiet := b.campaign(nil)
	b.some(quiet, 2)
	shut.Days = []campaign.Day{{Date: campaign.Date{Year: 2030, Month: 1, Day: 1}, Kind: campaign.DayWorking}}
	b.calendar(shut)
	if n, others := b.left(c.ID), b.left(quiet.ID); n != 7 || others != 0 {
		b.Fatalf("%d leads are left and %d of another campaign, want 7 and 0", n, others)
	}
	if n := b.replan(c.ID); n != 7 {
		b.Fatalf("%d leads were planned anew, want 7", n)
	}
	for _, l := range leads {
		b.state(l, campaign.LeadOpen)
	}
	if n := b.left(c.ID); n != 0 {
		b.Fatalf("%d leads are left", n)
	}
	b.sound()
}

func listHours(b *bundle) {
	ctx := b.Context()
	b.calendar(campaign.Calendar{Name: "shut"})
	c := b.campaign(nil)
	list, leads := b.list(c, []campaign.Phone{phone(1)})
	l := must[campaign.List](b)(b.s.List(ctx, list))
	changed := must[campaign.List](b)(b.s.SetListHours(ctx, list, l.Version, []campaign.Window{workdays}, []string{"shut"}))
	if changed.Version != l.Version+1 {
		b.Fatalf("version %d", changed.Version)
	}
	read := must[[]campaign.List](b)(b.s.Lists(ctx, c.ID, 0, 0))
	if !slices.Equal(read[0].Hours, []campaign.Window{workdays}) || !slices.Equal(read[0].Calendars, []string{"shut"}) {
		b.Fatalf("read %+v", read[0])
	}
	groups := must[[]campaign.Group](b)(b.s.Groups(ctx, c.ID))
	if len(groups) != 1 || !slices.Equal(groups[0].Calendars, []string{"shut"}) || len(groups[0].Hours) != 1 {
		b.Fatalf("groups %+v", groups)
	}
	facts, _, _, err := b.s.Facts(ctx, leads[0])
	b.ok(err)
	if len(facts.Calendars) != 1 || facts.Calendars[0].Name != "shut" || len(facts.List.Hours) != 1 {
		b.Fatalf("facts with %+v and %+v", facts.Calendars, facts.List)
	}
	// The claim finds that the lead has no callable time; what opens the list finds the lead.
	if got := b.try(b.s, b.agent(), leads...); got.Assignment != nil {
		b.Fatal("claimed on a shut list")
	}
	b.state(leads[0], campaign.LeadExhausted)
	b.wait(time.Second)
	must[campaign.List](b)(b.s.SetListHours(ctx, list, changed.Version, nil, nil))
	if n := b.replan(c.ID); n != 1 {
		b.Fatalf("%d leads were planned anew", n)
	}
	b.state(leads[0], campaign.LeadOpen)
	_, err = b.s.SetListHours(ctx, list, changed.Version, nil, nil)
	b.refused(err, campaign.KindConflict, campaign.ReasonVersion)
	_, err = b.s.SetListHours(ctx, list, changed.Version+1, []campaign.Window{{Open: 60, Close: 30}}, nil)
	b.refused(err, campaign.KindInvalid, "")
	if e := asError(err); e.Violations[0].Field != "hours[0].days" {
		b.Fatalf("the fault is %+v", e.Violations)
	}
	_, err = b.s.SetListHours(ctx, list, changed.Version+1, nil, []string{"none"})
	b.refused(err, campaign.KindInvalid, "")
	_, err = b.s.SetListHours(ctx, 999, 1, nil, nil)
	b.refused(err, campaign.KindNotFound, "")
	b.sound()
}

func badCalendar(b *bundle) {
	for _, name := range []string{"", "Holidays", "a b", string(make([]byte, 51))} {
		_, err := b.s.PutCalendar(b.Context(), campaign.Calendar{Name: name})
		b.refused(err, campaign.KindInvalid, "")
	}
	_, err := b.s.PutCalendar(b.Context(), campaign.Calendar{Name: "none", Version: 1})
	b.refused(err, campaign.KindNotFound, "")
	if n := b.count(`SELECT count(*) FROM calendars`); n != 0 {
		b.Fatalf("%d calendars were made", n)
	}
}
