package campaigns

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

func TestAFormSaysAllOfACampaign(t *testing.T) {
	t.Parallel()
	c := newFake().c
	f := readForm(fill(c).V)
	got := f.read()
	if !f.Sound() {
		t.Errorf("wrong: %v", f.Wrong)
	}
	if diff := differences(c, got); len(diff) > 0 {
		t.Errorf("a form that nobody touched changes %v:\n%v\n%v", diff, c, got)
	}
	if !proto.Equal(f.base(), c) {
		t.Errorf("base %v", f.base())
	}
}

func TestEveryFieldOfACampaignIsInTheForm(t *testing.T) {
	t.Parallel()
	c := newFake().c
	for _, name := range []string{"rules", "floor"} {
		m := c.ProtoReflect().Get(fieldOf(c, name)).Message()
		for i := range m.Descriptor().Fields().Len() {
			if field := m.Descriptor().Fields().Get(i); !m.Has(field) || f(t, name+"."+string(field.Name())) {
				t.Errorf("%s.%s is not in the test's campaign, or has no field", name, field.Name())
			}
		}
	}
}

// f says whether a name is in no part of the form.
func f(t *testing.T, name string) bool {
	t.Helper()
	return !slices.Contains(formNames, name) && !slices.Contains(rowNames, name)
}

func TestBlankRowsAreLeftOutAndOrderStays(t *testing.T) {
	t.Parallel()
	v := url.Values{
		"codes.row": {"a", "b", "c"}, "codes.code": {"TWO", "", "ONE"}, "codes.label": {"Two", "", ""}, "codes.outcome": {"SUCCESS", "SUCCESS", "BUSY"},
		"rules.hours.row": {"x", "y"}, "rules.hours.open": {"", "10:00"}, "rules.hours.close": {"", "12:00"}, "rules.hours.day.y": {"sat"},
	}
	c := readForm(v).read()
	if len(c.GetCodes()) != 2 || c.GetCodes()[0].GetCode() != "TWO" || c.GetCodes()[1].GetOutcome() != pb.Outcome_OUTCOME_BUSY {
		t.Errorf("%v", c.GetCodes())
	}
	if w := c.GetRules().GetHours(); len(w) != 1 || w[0].GetOpen() != "10:00" || !slices.Equal(w[0].GetDays(), []string{"sat"}) {
		t.Errorf("%v", w)
	}
}

func TestWhatCannotBeReadStandsBesideItsField(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	v := fill(s.c).V
	v.Set("rules.max_per_day", "three")
	v["rules.caps.max"] = []string{"3", "-1"}
	w := s.post("/campaigns/7/edit", v)
	if w.Code != http.StatusBadRequest || s.updated != nil {
		t.Errorf("%d, updated %v", w.Code, s.updated)
	}
	has(t, w.Body.String(), `id="rules.max_per_day" aria-invalid="true" aria-describedby="rules.max_per_day-hint rules.max_per_day-wrong"`,
		`id="rules.max_per_day-wrong">Write a whole number`, `value="three"`, `<a href="#rules.caps.1.max">Caps 2, At most</a>`, `id="rules.caps.1.max" aria-invalid="true"`)
}

func TestWhatTheAPIRefusesStandsBesideItsField(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	s.refuse = fault(codes.InvalidArgument, "bad", &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "rules.hours[0].close", Description: "is before open"}, {Field: "rules.intervals.BUSY", Description: "is negative"},
		{Field: "zone", Description: "is no zone"}, {Field: "rules.caps[1].days", Description: "too many"}, {Field: "weather", Description: "is bad"},
	}})
	v := fill(s.c).V
	v.Set("name", "Summer")
	w := s.post("/campaigns/7/edit", v)
	if w.Code != http.StatusBadRequest {
		t.Error(w.Code)
	}
	has(t, w.Body.String(), `id="rules.hours.0.close-wrong">is before open`, `id="rules.intervals-wrong">is negative`, `id="zone-wrong">is no zone`,
		`id="rules.caps.1-wrong">too many`, "<code>weather</code> is bad", `value="Summer"`)
	has(t, s.post("/campaigns/new", v).Body.String(), `id="zone-wrong">is no zone`)
	s.lang = "zh"
	s.refuse = fault(codes.InvalidArgument, "bad", &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "rules.hours[0].close", Description: "08:00 is not after open, 09:00: write a window over midnight as two"},
		{Field: "weather", Description: "must be at most 7 characters"}, {Field: "wind", Description: "blows <from> nowhere"},
	}})
	has(t, s.post("/campaigns/new", v).Body.String(), `id="rules.hours.0.close-wrong">08:00 不晚于开始时间 09:00：跨过午夜的时段请写成两段`,
		"<p><code>weather</code> 最多 7 个字符</p>", `<p lang="en"><code>wind</code> blows &lt;from&gt; nowhere</p>`)
}

func TestSavingNamesWhatChanged(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	v := fill(s.c).V
	if w := s.post("/campaigns/7/edit", v); w.Header().Get("Location") != "/campaigns/7?did=saved" || s.updated != nil {
		t.Errorf("nothing changed: %s, %v", w.Header().Get("Location"), s.updated)
	}
	v.Set("rules.interval", "2")
	v.Set("script", "Good morning\r\n")
	w := s.post("/campaigns/7/edit", v)
	if w.Header().Get("Location") != "/campaigns/7?did=saved&replan=1" {
		t.Errorf("%d %s", w.Code, w.Header().Get("Location"))
	}
	if got := s.updated; !slices.Equal(got.GetUpdateMask().GetPaths(), []string{"rules", "script"}) || got.GetCampaign().GetVersion() != 4 ||
		got.GetCampaign().GetRules().GetInterval().AsDuration() != 2*time.Hour || got.GetCampaign().GetScript() != "Good morning\n" {
		t.Errorf("%v", got)
	}
	has(t, s.get(w.Header().Get("Location")), `data-live="/campaigns/7/replan"`)
}

func TestCreating(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	has(t, s.get("/campaigns/new"), "offered again after 4 hours, at most 3 times a day, every day 09:00–21:00", `value="cn-2026"`, "United States")
	v := fill(s.c).V
	v.Set("name", "Autumn")
	if w := s.post("/campaigns/new", v); w.Header().Get("Location") != "/campaigns/9?did=made" || s.created.GetName() != "Autumn" || s.created.GetRules().GetMaxPerDay() != 3 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.refuse = fault(codes.AlreadyExists, "taken")
	has(t, s.post("/campaigns/new", v).Body.String(), `id="name-wrong">Another campaign has this name`)
}

func TestAConflictLosesNobodysChange(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	v := fill(s.c).V // drawn at version 4
	v.Set("script", "Mine")
	v.Set("rules.max_per_day", "5")
	v.Set("rules.interval", "1")
	s.change(func() {
		s.c.Version, s.c.Region, s.c.Rules.MaxPerDay, s.c.Rules.MaxAttempts = 5, "GB", new(int32(2)), 20
	})
	w := s.post("/campaigns/7/edit", v)
	body := w.Body.String()
	if w.Code != http.StatusConflict || s.updated != nil {
		t.Fatalf("%d, updated %v", w.Code, s.updated)
	}
	has(t, body, "Somebody else changed", `<strong>Country of the numbers</strong>: theirs was taken over`, `<strong>Calls a day, at most</strong>: you changed it, too`,
		`<strong>Calls in all, at most</strong>: theirs`, `name="version" value="5"`, `name="region" value="GB"`, `name="rules.max_per_day" value="5"`, ">Mine<")
	base := regexp.MustCompile(`name="base" value="([^"]*)"`).FindStringSubmatch(body)
	if saw := (&form{V: url.Values{"base": {html.UnescapeString(base[1])}}}).base(); !proto.Equal(saw, s.c) {
		t.Errorf("the form now begins from what is in the record: %v", saw)
	}
	merged, both := merge(newFake().c, readForm(v).read(), s.c)
	if !slices.Equal(both, []string{"rules.max_per_day"}) || merged.GetRules().GetMaxAttempts() != 20 || merged.GetRules().GetInterval().AsDuration() != time.Hour {
		t.Errorf("both %v, merged %v", both, merged)
	}
	s.hasten = true // and once more, between the look and the change
	if w := s.post("/campaigns/7/edit", fill(s.clone()).V); w.Code != http.StatusSeeOther {
		t.Errorf("nothing to change: %d", w.Code)
	}
	late := fill(s.clone()).V
	late.Set("script", "Late")
	if w := s.post("/campaigns/7/edit", late); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), ">Late<") || !strings.Contains(w.Body.String(), `value="6"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	again := fill(merged)
	again.setBase(s.clone())
	if w := s.post("/campaigns/7/edit", again.V); w.Code != http.StatusSeeOther || !slices.Equal(s.updated.GetUpdateMask().GetPaths(), []string{"rules", "script"}) {
		t.Errorf("%d %v", w.Code, s.updated)
	}
}

func TestThePreviewTellsItsProgress(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	v := fill(s.c).V
	v.Set("rules.interval", "30")
	v.Set("rules.interval.unit", "m")
	body := s.post("/campaigns/7/preview", v, "Accept", "text/event-stream").Body.String()
	has(t, body, "event: progress\ndata: {\"done\":35,\"total\":70}", "event: result", `data-moves="earlier">12<`, `data-moves="later">7<`)
	if got := s.preview.GetRules().GetInterval().AsDuration(); got != 30*time.Minute {
		t.Errorf("previewed %v", got)
	}
	has(t, s.post("/campaigns/7/preview", v).Body.String(), "<html", `data-moves="later">7<`, `value="30"`)
	s.refuse = fault(codes.InvalidArgument, "bad rules", &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "rules.interval", Description: "too hasty"}}})
	has(t, s.post("/campaigns/7/preview", v, "Accept", "text/event-stream").Body.String(), "too hasty")
	has(t, s.post("/campaigns/7/preview", v).Body.String(), `id="rules.interval-wrong">too hasty`)
	if s.updated != nil {
		t.Error("a preview changes nothing")
	}
}

func TestSentencesAsTheyAreTyped(t *testing.T) {
	t.Parallel()
	s := open(t, newFake())
	v := fill(s.c).V
	v.Set("rules.interval", "1.5")
	v.Set("rules.max_per_day", "")
	body := s.post("/campaigns/explain", v).Body.String()
	has(t, body, "again after 1 hour 30 minutes, Mon–Fri 09:00–20:00 in its own time, as often as that allows", "At most 3 calls within 24 hours",
		"At most 1 conversation within any 7 calendar days", "After a refusal: no call for any 30 calendar days", "us.hours is NOT kept: counsel")
	lacks(t, body, "<html", "%!", "camp_", "say_")
	v.Set("rules.max_per_day", "x")
	has(t, s.post("/campaigns/explain", v).Body.String(), "Calls a day, at most: Write a whole number")
	v = url.Values{}
	lacks(t, s.post("/campaigns/explain", v).Body.String(), "%!", "after 0 seconds,")
}

func TestSentencesHaveATextInBothLanguages(t *testing.T) {
	t.Parallel()
	langs, err := page.ReadLangs(page.Shared(), files)
	if err != nil {
		t.Fatal(err)
	}
	one := newFake().c
	two := proto.CloneOf(one)
	two.Rules, two.PreCall.FailClosed = &pb.Rules{Interval: one.GetRules().GetInterval(), MaxAttempts: 1, MaxDays: 1}, false
	for name, l := range langs {
		for _, c := range []*pb.Campaign{one, two} {
			for _, s := range sentences(l, c) {
				if strings.Contains(s, "%!") || strings.Contains(s, "camp_") || strings.Contains(s, "say_") {
					t.Errorf("%s: %s", name, s)
				}
			}
		}
	}
}
