package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// calendarAdmin is an AdminService with one calendar, office.
type calendarAdmin struct {
	pb.UnimplementedAdminServiceServer
	put      *pb.Calendar
	imported *pb.ImportCalendarRequest
	deleted  string
}

func officeCalendar() *pb.Calendar {
	return &pb.Calendar{
		Name: "office", Version: 3, UpdatedAt: utc("2026-03-02T02:00:00Z"),
		Weeks: []*pb.CalendarWeek{
			{Hours: []*pb.Window{{Days: []string{"mon", "tue", "wed", "thu", "fri"}, Open: "09:00", Close: "12:00"}, {Days: []string{"mon", "tue", "wed", "thu", "fri"}, Open: "13:30", Close: "18:00"}, {Days: []string{"sat", "sun"}, Open: "10:00", Close: "13:00"}}},
			{From: "2026-07-01", To: "2026-08-31", Hours: []*pb.Window{{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, Open: "08:00", Close: "24:00"}}},
		},
		Days: []*pb.CalendarDay{
			{Date: "2026-10-01", Kind: "holiday", Name: "国庆节", Place: "CN"}, {Date: "2026-10-10", Kind: "working", As: "thu", Source: "notice"},
			{Date: "2026-12-24", Kind: "working", Hours: []*pb.Window{{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, Open: "09:00", Close: "12:00"}}},
			{Date: "2026-12-31", Kind: "closure"},
		},
	}
}

func (s *calendarAdmin) GetCalendar(_ context.Context, r *pb.GetCalendarRequest) (*pb.GetCalendarResponse, error) {
	if r.GetName() != "office" {
		return nil, campaign.NotFound("calendar", r.GetName())
	}
	return &pb.GetCalendarResponse{Calendar: officeCalendar()}, nil
}

func (s *calendarAdmin) ListCalendars(context.Context, *pb.ListCalendarsRequest) (*pb.ListCalendarsResponse, error) {
	return &pb.ListCalendarsResponse{Calendars: []*pb.Calendar{{Name: "office", Version: 3, UpdatedAt: utc("2026-03-02T02:00:00Z")}}}, nil
}

func (s *calendarAdmin) PutCalendar(_ context.Context, r *pb.PutCalendarRequest) (*pb.PutCalendarResponse, error) {
	s.put = r.GetCalendar()
	m := proto.CloneOf(s.put)
	m.Version++
	return &pb.PutCalendarResponse{Calendar: m}, nil
}

func (s *calendarAdmin) ImportCalendar(_ context.Context, r *pb.ImportCalendarRequest) (*pb.ImportCalendarResponse, error) {
	s.imported = r
	return &pb.ImportCalendarResponse{Calendar: officeCalendar(), Added: 1, Replaced: 2, Notes: []string{"line 3: has no date: passed over"}}, nil
}

func (s *calendarAdmin) DeleteCalendar(_ context.Context, r *pb.DeleteCalendarRequest) (*pb.DeleteCalendarResponse, error) {
	s.deleted = r.GetName()
	return &pb.DeleteCalendarResponse{}, nil
}

func TestACalendarIsShownInWordsAndAsAFile(t *testing.T) {
	t.Parallel()
	s := &calendarAdmin{}
	at := serve(t, fakes{admin: s})
	_, out, _ := ctl(t, at, "calendar", "show", "office")
	same(t, "show", out, `calendar  office
version   3
changed   2026-03-02T02:00:00Z

always: mon-fri 09:00-12:00,13:30-18:00; sat,sun 10:00-13:00

2026-07-01 to 2026-08-31: daily 08:00-24:00

DATE             WHAT                 FOR  NAME    SOURCE
2026-10-01  Thu  holiday: closed      CN   国庆节
2026-10-10  Sat  working, as thu      all          notice
2026-12-24  Thu  working 09:00-12:00  all
2026-12-31  Thu  closure: closed      all
`)
	_, out, _ = ctl(t, at, "calendar", "show", "office", "--json")
	code, _, errs := ctl(t, at, "calendar", "put", "office", file(t, out))
	if want := officeCalendar(); code != 0 || s.put.GetVersion() != 3 || len(s.put.GetDays()) != 4 || !proto.Equal(s.put.GetWeeks()[0], want.GetWeeks()[0]) || !proto.Equal(s.put.GetDays()[2], want.GetDays()[2]) {
		t.Errorf("exit %d %s\n%s\nput %v", code, errs, out, s.put)
	}
	if code, out, errs = ctl(t, at, "calendar", "put", "copy", file(t, out)); code != 0 || s.put.GetName() != "copy" || s.put.GetVersion() != 0 {
		t.Errorf("exit %d %s%s, put %v", code, out, errs, s.put)
	}
	if code, _, errs = ctl(t, at, "calendar", "put", "copy", file(t, `{"days":[{"date":"2026-10-01","kind":"feast"}]}`)); code != exitUsage || !strings.Contains(errs, "days[0].kind") {
		t.Errorf("exit %d %s", code, errs)
	}
	if _, out, _ = ctl(t, at, "calendar", "list"); !strings.Contains(out, "office    3        2026-03-02T02:00:00Z") {
		t.Errorf("list:\n%s", out)
	}
}

func TestACalendarFileIsImported(t *testing.T) {
	t.Parallel()
	s := &calendarAdmin{}
	at := serve(t, fakes{admin: s})
	path := filepath.Join(t.TempDir(), "cn.CSV")
	if err := os.WriteFile(path, []byte("日期\n2026-10-01\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := ctl(t, at, "calendar", "import", "office", path, "--place", "CN")
	if code != 0 || out != "calendar office, version 3: 1 day added, 2 replaced, 4 in all\n" || errs != "note: line 3: has no date: passed over\n" {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	if q := s.imported; q.GetFormat() != "csv" || q.GetPlace() != "CN" || string(q.GetContent()) != "日期\n2026-10-01\n" {
		t.Errorf("%v", q)
	}
}

// naming is a CampaignService and a ListService with a campaign and a list that name calendars.
type naming struct {
	pb.UnimplementedCampaignServiceServer
	hoursOfLists
	campaign, list string
}

func (s *naming) ListCampaigns(context.Context, *pb.ListCampaignsRequest) (*pb.ListCampaignsResponse, error) {
	return &pb.ListCampaignsResponse{Campaigns: []*pb.Campaign{{Rules: &pb.Rules{Calendars: []string{s.campaign}}}}}, nil
}

func (s *naming) ListLists(context.Context, *pb.ListListsRequest) (*pb.ListListsResponse, error) {
	return &pb.ListListsResponse{Lists: []*pb.List{{Calendars: []string{s.list}}}}, nil
}

func TestClosingACalendarThatNothingNamesIsTold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		naming
		told bool
	}{
		{naming{campaign: "cn", list: "fr"}, true}, {naming{campaign: "office", list: "fr"}, false}, {naming{campaign: "cn", list: "office"}, false},
	} {
		at := serve(t, fakes{admin: &calendarAdmin{}, campaigns: &tc.naming, lists: &tc.naming})
		code, _, errs := ctl(t, at, "calendar", "close", "office", "2026-12-31")
		if told := strings.Contains(errs, "nothing names the calendar office"); code != 0 || told != tc.told {
			t.Errorf("named by campaigns %q, lists %q: exit %d %s", tc.campaign, tc.list, code, errs)
		}
	}
}

func TestDaysAreClosedAndOpenedAgain(t *testing.T) {
	t.Parallel()
	s := &calendarAdmin{}
	at := serve(t, fakes{admin: s})
	code, _, errs := ctl(t, at, "calendar", "close", "office", "2026-05-04..2026-05-05", "--place", "DE-BY", "--reason", "move")
	want := `[{"date":"2026-05-04","kind":"closure","name":"move","place":"DE-BY"},{"date":"2026-05-05","kind":"closure","name":"move","place":"DE-BY"}]`
	if code != 0 || string(s.imported.GetContent()) != want || s.imported.GetFormat() != "json" {
		t.Errorf("exit %d %s, %s", code, errs, s.imported.GetContent())
	}
	for _, days := range []string{"soon", "2026-05-04..", "2026-05-04..2026-05-03", "2026-05-04..2028-05-03"} {
		if code, _, errs := ctl(t, at, "calendar", "close", "office", days); code != exitUsage {
			t.Errorf("%s: exit %d %s", days, code, errs)
		} else if strings.Contains(errs, ": : ") {
			t.Errorf("%s: %s", days, errs)
		}
	}
	if code, _, errs = ctl(t, at, "calendar", "reopen", "office", "2026-12-31"); code != 0 || len(s.put.GetDays()) != 3 || s.put.GetVersion() != 3 {
		t.Errorf("exit %d %s, %v", code, errs, s.put)
	}
	if code, _, errs = ctl(t, at, "calendar", "reopen", "office", "2026-10-01"); code == 0 || !strings.Contains(errs, "no closure on 2026-10-01") {
		t.Errorf("exit %d %s", code, errs)
	}
	if code, _, errs = ctl(t, at, "calendar", "delete", "office"); code != 0 || s.deleted != "office" {
		t.Errorf("exit %d %s", code, errs)
	}
}

func TestHoursAreWrittenAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"mon-fri 09:00-12:00,14:00-18:00": "mon-fri 09:00-12:00,14:00-18:00",
		"Daily 00:00-24:00":               "daily 00:00-24:00",
		"sat-mon 10:00-11:00":             "mon,sat,sun 10:00-11:00",
		"mon,wed,thu,fri 10:00-11:00":     "mon,wed-fri 10:00-11:00",
		"tue 10:00-11:00, 12:00-13:00":    "tue 10:00-11:00,12:00-13:00",
	} {
		w, err := readHours([]string{in})
		if got := strings.Join(hoursText(w), "; "); err != nil || got != want {
			t.Errorf("%q became %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "mon", "mon 9-12", "mon 09:00", "moon 09:00-10:00", "mon 10:00-09:00", "mon 10:00-25:00", "mon- 09:00-10:00"} {
		if w, err := readHours([]string{in}); err == nil {
			t.Errorf("%q became %v", in, hoursText(w))
		}
	}
}

// hoursOfLists is a ListService that keeps what SetHours was asked.
type hoursOfLists struct {
	pb.UnimplementedListServiceServer
	asked *pb.SetHoursRequest
}

func (s *hoursOfLists) SetHours(_ context.Context, r *pb.SetHoursRequest) (*pb.SetHoursResponse, error) {
	s.asked = r
	return &pb.SetHoursResponse{List: &pb.List{Id: r.GetId(), Hours: r.GetHours(), Calendars: r.GetCalendars()}}, nil
}

func TestAListIsNarrowed(t *testing.T) {
	t.Parallel()
	s := &hoursOfLists{}
	at := serve(t, fakes{lists: s})
	code, out, errs := ctl(t, at, "list", "hours", "7", "--hours", "mon-fri 10:00-12:00", "--calendar", "fr", "--version", "2")
	if code != 0 || s.asked.GetId() != 7 || s.asked.GetVersion() != 2 || out != "list 7 is called mon-fri 10:00-12:00, with the calendars fr\n" {
		t.Errorf("exit %d %s%s, %v", code, out, errs, s.asked)
	}
	if code, out, _ = ctl(t, at, "list", "hours", "7", "--none"); code != 0 || len(s.asked.GetHours()) != 0 || out != "list 7 is called within the campaign's hours\n" {
		t.Errorf("exit %d %s, %v", code, out, s.asked)
	}
	for _, args := range [][]string{{}, {"--none", "--calendar", "x"}, {"--hours", "mon"}} {
		if code, _, errs := ctl(t, at, append([]string{"list", "hours", "7"}, args...)...); code != exitUsage {
			t.Errorf("%v: exit %d %s", args, code, errs)
		}
	}
}

func TestRulesAreToldInWords(t *testing.T) {
	t.Parallel()
	var r campaign.Rules
	if err := r.UnmarshalJSON([]byte(`{"interval":"2h","intervals":{"BUSY":"15m"},"max_attempts":9,"max_days":1,"expires_at":"2026-12-31T00:00:00Z",
		"hours":[{"days":["mon","tue","wed"],"open":"09:00","close":"12:00"}],"holidays":["2026-10-01"],"calendars":["cn"],
		"caps":[{"scope":"person","count":"conversations","max":1,"days":7},{"scope":"number","max":3,"period":"24h"},{"scope":"company","count":"connects","max":4,"days":1},{"scope":"account","max":7,"period":"168h"}],
		"cool_offs":[{"after":"refused","scope":"company","days":30},{"after":"machine","scope":"lead","period":"24h"}],
		"rotate":true,"mix_hours":true,"matter":"debt","packs":["us","us-debt"],"purpose":"collections","waivers":[{"rule":"us-ct.hours","reason":"counsel"}]}`)); err != nil {
		t.Fatal(err)
	}
	same(t, "words", strings.Join(rulesInWords(&r), "\n"), `called again 2h after a call, 15m after BUSY; at most 3 calls a day; at most 9 in all; on at most 1 day; until 2026-12-31T00:00:00Z
called mon-wed 09:00-12:00, and the special days of cn
never on 2026-10-01
at most 1 conversation in any 7 calendar days to the person, of all lists and campaigns
at most 3 calls in any 24h to the number that is dialled
at most 4 answered calls in any calendar day to the person, calls made elsewhere included
at most 7 calls in any 7 x 24 hours to whoever shares the account
after a refusal no call for 30 calendar days to the person, calls made elsewhere included
after an answering machine no call for 24h to the lead
after no answer or a busy line the next good number is dialled
leads of earlier days are offered at other hours than before
its matter is debt, shared with other campaigns of it
law packs us, us-debt are kept, for calls of the purpose collections; they are no legal advice: counsel must check them
law rule us-ct.hours is NOT kept: counsel`)
	r = campaign.DefaultRules()
	r.Calendars = []string{"fr"}
	same(t, "defaults", strings.Join(rulesInWords(&r), "\n"), `called again 4h after a call; at most 3 calls a day
called daily 09:00-21:00, unless a calendar has weekly hours, and the special days of fr
no law pack is switched on`)
}

// consents is a LeadService that keeps what it was asked.
type consents struct {
	pb.UnimplementedLeadServiceServer
	recorded *pb.RecordConsentRequest
	revoked  *pb.RevokeConsentRequest
	outside  *pb.RecordOutsideCallRequest
}

func (s *consents) RecordConsent(_ context.Context, r *pb.RecordConsentRequest) (*pb.RecordConsentResponse, error) {
	s.recorded = r
	m := proto.CloneOf(r.GetConsent())
	m.Id, m.LeadId = 5, r.GetLeadId()
	return &pb.RecordConsentResponse{Consent: m, Lead: &pb.Lead{Id: r.GetLeadId(), State: pb.LeadState_LEAD_STATE_FINISHED}}, nil
}

func (s *consents) RevokeConsent(_ context.Context, r *pb.RevokeConsentRequest) (*pb.RevokeConsentResponse, error) {
	s.revoked = r
	return &pb.RevokeConsentResponse{Consent: &pb.Consent{Id: r.GetId()}, Revoked: 1}, nil
}

func (s *consents) ListConsents(context.Context, *pb.ListConsentsRequest) (*pb.ListConsentsResponse, error) {
	at := utc("2026-03-02T02:00:00Z")
	return &pb.ListConsentsResponse{Consents: []*pb.Consent{
		{Id: 6, Scopes: []string{"hours"}, Phone: "+33612345678", Purpose: "sales", GivenAt: at, Proof: "form 8", Source: "mei"},
		{Id: 5, Scopes: []string{"contact", "hours"}, GivenAt: at, RevokedAt: at, RevokedBy: "li: by letter", Proof: "form 7", Source: "mei"},
	}}, nil
}

func (s *consents) RecordOutsideCall(_ context.Context, r *pb.RecordOutsideCallRequest) (*pb.RecordOutsideCallResponse, error) {
	s.outside = r
	return &pb.RecordOutsideCallResponse{Replay: true, Lead: &pb.Lead{Id: r.GetLeadId(), State: pb.LeadState_LEAD_STATE_FINISHED}}, nil
}

func TestConsentsAreRecordedRevokedAndListed(t *testing.T) {
	t.Parallel()
	s := &consents{}
	at := serve(t, fakes{leads: s})
	code, out, errs := ctl(t, at, "consent", "add", "3", "--scope", "contact", "--scope", "hours", "--proof", "form 7", "--expires", "2026-12-31T00:00:00Z")
	if m := s.recorded.GetConsent(); code != 0 || out != "consent 5 was recorded: it opens contact, hours\nlead 3 is finished\n" || s.recorded.GetLeadId() != 3 ||
		m.GetProof() != "form 7" || m.GetGivenAt() != nil || !m.GetExpiresAt().AsTime().Equal(time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("exit %d %s%s, %v", code, out, errs, s.recorded)
	}
	if code, out, errs = ctl(t, at, "consent", "revoke", "5", "--reason", "by letter"); code != 0 || out != "consent 5 is revoked; 1 card was taken back from agents\n" || s.revoked.GetReason() != "by letter" {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	_, out, _ = ctl(t, at, "consent", "list", "3")
	same(t, "list", out, `CONSENT  OPENS          PURPOSE  FOR           GIVEN                 ENDS                                           PROOF   RECORDED BY
6        hours          sales    +33612345678  2026-03-02T02:00:00Z  never                                          form 8  mei
5        contact hours  any      the person    2026-03-02T02:00:00Z  revoked 2026-03-02T02:00:00Z by li: by letter  form 7  mei
`)
	for _, args := range [][]string{{"add", "3", "--proof", "x"}, {"add", "3", "--scope", "hours"}, {"revoke", "5"}, {"revoke", "x", "--reason", "y"}} {
		if code, _, errs := ctl(t, at, append([]string{"consent"}, args...)...); code != exitUsage {
			t.Errorf("%v: exit %d %s", args, code, errs)
		}
	}
}

func TestACallMadeElsewhereIsTold(t *testing.T) {
	t.Parallel()
	s := &consents{}
	at := serve(t, fakes{leads: s})
	args := []string{"lead", "outside-call", "3", "--source", "agency", "--key", "7", "--at", "2026-03-02T02:00:00Z", "--outcome", "no_answer", "--talk", "20s", "--inbound"}
	code, out, errs := ctl(t, at, args...)
	if q := s.outside; code != 0 || !strings.HasPrefix(out, "the call was told before: nothing changed\n") || q.GetOutcome() != pb.Outcome_OUTCOME_NO_ANSWER ||
		q.GetTalk().AsDuration() != 20*time.Second || !q.GetInbound() || q.GetKey() != "7" || q.GetPlacedAt().AsTime().Hour() != 2 {
		t.Errorf("exit %d %s%s, %v", code, out, errs, q)
	}
	if code, _, errs = ctl(t, at, args[:9]...); code != exitUsage || !strings.Contains(errs, "--outcome") {
		t.Errorf("exit %d %s", code, errs)
	}
}
