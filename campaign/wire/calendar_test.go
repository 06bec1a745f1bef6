package wire_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

var everyDay = [7]bool{true, true, true, true, true, true, true}

func TestACalendarComesBackAsItWent(t *testing.T) {
	t.Parallel()
	morning := []campaign.Window{{Days: [7]bool{1: true, 0: true}, Open: 9*60 + 5, Close: 24 * 60}}
	c := campaign.Calendar{
		Name: "cn-2026", Version: 7,
		Weeks: []campaign.Week{{Hours: morning}, {From: campaign.Date{Year: 2026, Month: 7, Day: 1}, To: campaign.Date{Year: 2026, Month: 8, Day: 31}, Hours: morning}},
		Days: []campaign.Day{
			{Date: campaign.Date{Year: 2026, Month: 9, Day: 27}, Kind: campaign.DayWorking, As: time.Sunday, Place: "CN", Source: "notice"},
			{Date: campaign.Date{Year: 2026, Month: 10, Day: 1}, Kind: campaign.DayHoliday, Name: "国庆节"},
			{Date: campaign.Date{Year: 2026, Month: 12, Day: 24}, Kind: campaign.DayWorking, Hours: []campaign.Window{{Days: everyDay, Open: 540, Close: 720}}},
		},
	}
	m := wire.Calendar(&c)
	m.Days[0], m.Days[2] = m.GetDays()[2], m.GetDays()[0] // days are taken in any order
	back, err := wire.FromCalendar(m)
	if err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("got %+v (%v), want %+v", back, err, c)
	}
}

func TestACalendarNamesTheFieldThatIsWrong(t *testing.T) {
	t.Parallel()
	window := &pb.Window{Days: []string{"mon"}, Open: "09:00", Close: "17"}
	for field, m := range map[string]*pb.Calendar{
		"calendar.weeks[0].from":           {Weeks: []*pb.CalendarWeek{{From: "July"}}},
		"calendar.weeks[0].hours[0].close": {Weeks: []*pb.CalendarWeek{{Hours: []*pb.Window{window}}}},
		"calendar.days[0].date":            {Days: []*pb.CalendarDay{{Kind: "holiday"}}},
		"calendar.days[0].as":              {Days: []*pb.CalendarDay{{Date: "2026-10-10", Kind: "working", As: "montag"}}},
	} {
		_, err := wire.FromCalendar(m)
		if err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("got %v, want an error about %s", err, field)
		}
	}
}

func TestAListTellsItsHours(t *testing.T) {
	t.Parallel()
	l := campaign.List{Hours: []campaign.Window{{Days: [7]bool{6: true}, Open: 600, Close: 780}}, Calendars: []string{"fr"}}
	m := wire.List(&l)
	back, err := wire.FromWindows("hours", m.GetHours())
	if err != nil || !reflect.DeepEqual(back, l.Hours) || !reflect.DeepEqual(m.GetCalendars(), l.Calendars) {
		t.Errorf("%v, %v", m, err)
	}
	if m := wire.List(&campaign.List{}); m.GetHours() != nil {
		t.Errorf("%v", m)
	}
}

func TestAConsentComesBackAsItWent(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	c := campaign.Consent{
		Phone: "+33612345678", Purpose: campaign.PurposeResearch, Scopes: []campaign.ConsentScope{campaign.ConsentContact, campaign.ConsentHours},
		GivenAt: at, ExpiresAt: at.Add(time.Hour), Proof: "form 7",
	}
	back, err := wire.FromConsent("consent", wire.Consent(&c))
	if err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("got %+v (%v), want %+v", back, err, c)
	}
	c.ID, c.LeadID, c.RevokedAt, c.Source, c.RevokedBy = 3, 4, at, "mei", "li: changed their mind"
	m := wire.Consent(&c)
	if m.GetId() != 3 || m.GetLeadId() != 4 || !m.GetRevokedAt().AsTime().Equal(at) || m.GetSource() != "mei" || m.GetRevokedBy() != c.RevokedBy {
		t.Errorf("%v", m)
	}
	m.ExpiresAt.Nanos = -1
	if _, err := wire.FromConsent("consent", m); err == nil || !strings.HasPrefix(err.Error(), "consent.expires_at:") {
		t.Errorf("%v", err)
	}
}

func TestALeadTellsWhereItIsAndAnAttemptItsLaw(t *testing.T) {
	t.Parallel()
	l := campaign.Lead{
		Account: "debt 17", Places: []string{"US-FL"},
		Numbers: []campaign.Number{{Phone: "+13055550123", Zones: []string{"America/New_York"}, Places: []string{"US-FL"}}},
	}
	m := wire.Lead(&l)
	if m.GetAccount() != l.Account || !reflect.DeepEqual(m.GetPlaces(), l.Places) || !reflect.DeepEqual(m.GetNumbers()[0].GetPlaces(), l.Places) {
		t.Errorf("%v", m)
	}
	l.Numbers[0].Places = nil // found from the number, never given
	if back := wire.FromNumbers(m.GetNumbers()); !reflect.DeepEqual(back, l.Numbers) {
		t.Errorf("%v", back)
	}
	a := campaign.Attempt{Law: campaign.LawNote{
		Site: campaign.Site{Zones: []string{"Europe/Paris"}, Places: []string{"FR"}}, Calendars: map[string]int64{"fr": 3}, Packs: map[string]string{"fr": "2026-11-01"},
		Exempt: []campaign.Exemption{{Rule: "fr.hours", By: "consent", Consent: 9}, {Rule: "fr.cap", By: "waiver", Reason: "counsel"}},
	}}
	law := wire.Attempt(&a, "").GetLaw()
	if law.GetZones()[0] != "Europe/Paris" || law.GetPlaces()[0] != "FR" || law.GetCalendars()["fr"] != 3 || law.GetPacks()["fr"] != "2026-11-01" ||
		law.GetExempt()[0].GetConsentId() != 9 || law.GetExempt()[1].GetReason() != "counsel" || law.GetExempt()[0].GetBy() != "consent" || law.GetExempt()[1].GetRule() != "fr.cap" {
		t.Errorf("%v", law)
	}
	if m := wire.Attempt(&campaign.Attempt{}, ""); m.GetLaw() != nil {
		t.Errorf("%v", m)
	}
}
