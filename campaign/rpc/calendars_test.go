package rpc_test

import (
	"slices"
	"strings"
	"testing"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// put keeps a calendar through the service.
func (b *bench) put(t *testing.T, c *pb.Calendar) *pb.Calendar {
	t.Helper()
	return must[*pb.PutCalendarResponse](t)(b.admin.PutCalendar(asMei(t), &pb.PutCalendarRequest{Calendar: c})).GetCalendar()
}

// shut is a calendar with one closed day, this Monday.
func shut(name string) *pb.Calendar {
	return &pb.Calendar{Name: name, Days: []*pb.CalendarDay{{Date: "2026-03-02", Kind: "closure", Name: "move"}}}
}

func TestACalendarIsKeptFoundListedAndDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := asMei(t)
	made := b.put(t, &pb.Calendar{
		Name: "cn", Weeks: []*pb.CalendarWeek{{Hours: []*pb.Window{{Days: []string{"mon"}, Open: "09:00", Close: "12:00"}}}},
		Days: []*pb.CalendarDay{{Date: "2026-10-10", Kind: "working", As: "thu"}, {Date: "2026-10-01", Kind: "holiday", Place: "CN"}},
	})
	if made.GetVersion() == 0 || made.GetDays()[0].GetDate() != "2026-10-01" || made.GetDays()[1].GetAs() != "thu" || made.GetUpdatedAt() == nil {
		t.Errorf("%v", made)
	}
	_, err := b.admin.PutCalendar(ctx, &pb.PutCalendarRequest{Calendar: &pb.Calendar{Name: "cn", Version: made.GetVersion() + 1}})
	refused(t, "an old version", err, campaign.KindConflict, campaign.ReasonVersion)
	again := b.put(t, &pb.Calendar{Name: "cn", Version: made.GetVersion(), Days: made.GetDays()[:1]})
	if again.GetVersion() <= made.GetVersion() || len(again.GetDays()) != 1 || len(again.GetWeeks()) != 0 {
		t.Errorf("%v", again)
	}
	if got := must[*pb.GetCalendarResponse](t)(b.admin.GetCalendar(ctx, &pb.GetCalendarRequest{Name: "cn"})).GetCalendar(); len(got.GetDays()) != 1 {
		t.Errorf("%v", got)
	}
	b.put(t, shut("aa"))
	all := must[*pb.ListCalendarsResponse](t)(b.admin.ListCalendars(ctx, &pb.ListCalendarsRequest{})).GetCalendars()
	if len(all) != 2 || all[0].GetName() != "aa" || len(all[0].GetDays()) != 0 || all[1].GetVersion() != again.GetVersion() {
		t.Errorf("%v", all)
	}
	for range 2 {
		must[*pb.DeleteCalendarResponse](t)(b.admin.DeleteCalendar(ctx, &pb.DeleteCalendarRequest{Name: "cn"}))
	}
	_, err = b.admin.GetCalendar(ctx, &pb.GetCalendarRequest{Name: "cn"})
	refused(t, "gone", err, campaign.KindNotFound, "")
}

func TestABadCalendarIsRefusedByField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for field, c := range map[string]*pb.Calendar{
		"calendar":                nil,
		"calendar.name":           {Name: "C N"},
		"calendar.days[0].date":   {Name: "cn", Days: []*pb.CalendarDay{{Kind: "holiday"}}},
		"calendar.days[0].kind":   {Name: "cn", Days: []*pb.CalendarDay{{Date: "2026-10-01"}}},
		"calendar.weeks[0].hours": {Name: "cn", Weeks: []*pb.CalendarWeek{{From: "2026-10-01"}}},
	} {
		_, err := b.admin.PutCalendar(asMei(t), &pb.PutCalendarRequest{Calendar: c})
		refused(t, field, err, campaign.KindInvalid, field)
	}
	_, err := b.admin.DeleteCalendar(asMei(t), &pb.DeleteCalendarRequest{})
	refused(t, "no name", err, campaign.KindInvalid, "name")
}

func TestAFileIsAddedToACalendar(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load := func(r *pb.ImportCalendarRequest) *pb.ImportCalendarResponse {
		t.Helper()
		return must[*pb.ImportCalendarResponse](t)(b.admin.ImportCalendar(asMei(t), r))
	}
	csv := []byte("日期,类型,名称,备注\n2026-10-01..2026-10-07,放假,国庆节,x\n2026-10-10,补班,,\n")
	got := load(&pb.ImportCalendarRequest{Name: "cn", Content: csv, Place: "CN", Source: "notice"})
	if got.GetAdded() != 8 || got.GetReplaced() != 0 || len(got.GetNotes()) != 1 || len(got.GetCalendar().GetDays()) != 8 ||
		got.GetCalendar().GetDays()[0].GetSource() != "notice" || got.GetCalendar().GetDays()[0].GetPlace() != "CN" {
		t.Errorf("%v", got)
	}
	version := got.GetCalendar().GetVersion()
	if got = load(&pb.ImportCalendarRequest{Name: "cn", Content: csv, Place: "CN", Source: "notice"}); got.GetAdded()+got.GetReplaced() != 0 || got.GetCalendar().GetVersion() != version {
		t.Errorf("the same file again: %v", got)
	}
	closed := got.GetCalendar()
	closed.Days = append(closed.Days, &pb.CalendarDay{Date: "2026-10-10", Kind: "closure", Place: "CN"})
	b.put(t, closed)
	got = load(&pb.ImportCalendarRequest{Name: "cn", Format: "json", Content: []byte(
		`[{"date":"2026-10-10","kind":"working","as":"fri","place":"CN"},{"date":"2026-10-01","kind":"holiday"},{"date":"2026-10-02","kind":"working","place":"CN"}]`)})
	var days []string
	for _, d := range got.GetCalendar().GetDays() {
		days = append(days, d.GetDate()[8:]+d.GetKind()+d.GetAs()+d.GetPlace())
	}
	want := "01holidayCN 01holiday 02workingmonCN 03holidayCN 04holidayCN 05holidayCN 06holidayCN 07holidayCN 10closureCN 10workingfriCN"
	if got.GetAdded() != 1 || got.GetReplaced() != 2 || strings.Join(days, " ") != want {
		t.Errorf("%d added, %d replaced:\n%v\n%s", got.GetAdded(), got.GetReplaced(), days, want)
	}
	for field, r := range map[string]*pb.ImportCalendarRequest{
		"content": {Name: "cn", Content: []byte("date\nsoon\n")}, "name": {Name: "C", Content: csv}, "place": {Name: "cn", Content: csv, Place: "X"},
		"format": {Name: "cn", Content: csv, Format: "pdf"},
	} {
		_, err := b.admin.ImportCalendar(asMei(t), r)
		refused(t, field, err, campaign.KindInvalid, field)
	}
}

func TestWhoeverNamesACalendarIsWokenByItsChange(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001")
	ctx := asMei(t)
	c := b.put(t, shut("office"))
	if b.heard.wakes(b.campaign.ID) {
		t.Error("a campaign that does not name it was woken")
	}
	_, err := b.campaigns.UpdateCampaign(ctx, &pb.UpdateCampaignRequest{
		Campaign: &pb.Campaign{Id: int64(b.campaign.ID), Version: b.campaign.Version, Rules: &pb.Rules{Calendars: []string{"office", "offfice"}}}, UpdateMask: mask("rules"),
	})
	refused(t, "a calendar that is not there", err, campaign.KindInvalid, "rules.calendars[1]")
	must[*pb.UpdateCampaignResponse](t)(b.campaigns.UpdateCampaign(ctx, &pb.UpdateCampaignRequest{
		Campaign: &pb.Campaign{Id: int64(b.campaign.ID), Version: b.campaign.Version, Rules: &pb.Rules{Calendars: []string{"office"}}}, UpdateMask: mask("rules"),
	}))
	b.heard.woken = nil
	c.Days = nil
	b.put(t, c)
	if !b.heard.wakes(b.campaign.ID) {
		t.Error("the campaign that names it was not woken")
	}
	must[*pb.ImportCalendarResponse](t)(b.admin.ImportCalendar(ctx, &pb.ImportCalendarRequest{Name: "office", Content: []byte("date\n2026-10-01\n")}))
	if !b.heard.wakes(b.campaign.ID) {
		t.Error("the campaign that names it was not woken by an import")
	}
	_, err = b.admin.DeleteCalendar(ctx, &pb.DeleteCalendarRequest{Name: "office"})
	refused(t, "a calendar that is named", err, campaign.KindUnready, campaign.ReasonBadState)
}

func TestAListNarrowsItsHours(t *testing.T) {
	t.Parallel()
	b := setup(t, "+8613800138001")
	ctx, id := asMei(t), int64(b.list)
	window := func(day, open, shut string) []*pb.Window {
		return []*pb.Window{{Days: []string{day}, Open: open, Close: shut}}
	}
	b.put(t, shut("cn"))
	version := must[*pb.GetListResponse](t)(b.lists.GetList(ctx, &pb.GetListRequest{Id: id})).GetList().GetVersion()
	l := must[*pb.SetHoursResponse](t)(b.lists.SetHours(ctx, &pb.SetHoursRequest{Id: id, Version: version, Hours: window("mon", "10:00", "11:00"), Calendars: []string{"cn"}})).GetList()
	if l.GetVersion() <= version || len(l.GetHours()) != 1 || l.GetHours()[0].GetClose() != "11:00" || !slices.Equal(l.GetCalendars(), []string{"cn"}) || !b.heard.wakes(b.campaign.ID) {
		t.Errorf("%v", l)
	}
	for about, r := range map[string]*pb.SetHoursRequest{
		"hours[0].open":        {Id: id, Hours: window("mon", "25:00", "11:00")},
		"hours[0].close":       {Id: id, Hours: window("mon", "12:00", "11:00")},
		"hours[0].days":        {Id: id, Hours: window("Monday", "12:00", "13:00")},
		"hours":                {Id: id, Hours: window("mon", "07:00", "09:00")},
		"calendars[0]":         {Id: id, Calendars: []string{"mars"}},
		campaign.ReasonVersion: {Id: id, Version: version, Hours: window("mon", "10:00", "11:00")},
	} {
		_, err := b.lists.SetHours(ctx, r)
		kind := campaign.KindInvalid
		if about == campaign.ReasonVersion {
			kind = campaign.KindConflict
		}
		refused(t, about, err, kind, about)
	}
	if l = must[*pb.SetHoursResponse](t)(b.lists.SetHours(ctx, &pb.SetHoursRequest{Id: id})).GetList(); l.GetHours() != nil || l.GetCalendars() != nil {
		t.Errorf("%v", l)
	}
	_, err := b.lists.SetHours(ctx, &pb.SetHoursRequest{Id: 99})
	refused(t, "no list", err, campaign.KindNotFound, "")
}

func TestRulesThatCannotBeMeantAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := asMei(t)
	soon := timestamp(monday.AddDate(0, 0, 1))
	saturday := []*pb.Window{{Days: []string{"sat"}, Open: "09:00", Close: "10:00"}}
	for field, r := range map[string]*pb.Rules{
		"rules.expires_at":        {ExpiresAt: timestamp(monday)},
		"rules.hours":             {Hours: saturday, ExpiresAt: soon, MaxAttempts: 1},
		"rules.waivers":           {Waivers: []*pb.Waiver{{Rule: "us.hours", Reason: "x"}}},
		"rules.calendars[0]":      {Calendars: []string{"mars"}},
		"rules.purpose":           {Purpose: "selling"},
		"rules.caps[0].period":    {Caps: []*pb.Cap{{Scope: 1, Max: 1}}},
		"rules.cool_offs[0].days": {CoolOffs: []*pb.CoolOff{{After: "refused", Scope: 1, Days: -1}}},
	} {
		_, err := b.campaigns.CreateCampaign(ctx, &pb.CreateCampaignRequest{Campaign: &pb.Campaign{Name: "c", Zone: "UTC", Rules: r}})
		refused(t, field, err, campaign.KindInvalid, field)
	}
	update := func(r *pb.Rules) (*pb.UpdateCampaignResponse, error) {
		c := must[campaign.Campaign](t)(b.Campaign(ctx, b.campaign.ID))
		return b.campaigns.UpdateCampaign(ctx, &pb.UpdateCampaignRequest{
			Campaign: &pb.Campaign{Id: int64(c.ID), Version: c.Version, Rules: r}, UpdateMask: mask("rules"),
		})
	}
	_, err := update(&pb.Rules{Hours: saturday, ExpiresAt: soon})
	refused(t, "no day", err, campaign.KindInvalid, "rules.hours")
	over := must[*pb.UpdateCampaignResponse](t)(update(&pb.Rules{ExpiresAt: timestamp(monday)}))
	if w := over.GetWarnings(); len(w) != 1 || !strings.HasPrefix(w[0], "rules.expires_at: 2026-03-02T02:00:00Z is over") {
		t.Errorf("warnings %q", w)
	}
}
