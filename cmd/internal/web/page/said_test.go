package page

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const secret = "a secret of the database"

func phrases(t testing.TB) *Phrases {
	t.Helper()
	p, err := ReadPhrases([]byte(`{
		"no call before {1}": "{1} 之前不拨打", "{1} has the lead": "{1} 正在处理", "{1} has the lead of {2}": "{2} 的客户在 {1} 手上",
		"{1} is no number from 0": "{1} 不是数字", "it is over": "已结束", "{1}; {2}": "{1}；{2}", "{1}: {2}": "{1}：{2}",
		"from {1} to {2}": "{2} 到 {1}", "a day": "一天", "within {1}": "{1} 内"}`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestATextIsSaidByTheFormatThatMadeIt(t *testing.T) {
	t.Parallel()
	p := phrases(t)
	for english, want := range map[string]string{
		"it is over":                            "已结束",
		"no call before 09:00":                  "09:00 之前不拨打",
		"eve has the lead":                      "eve 正在处理",
		"eve has the lead of bob":               "bob 的客户在 eve 手上", // the longer of two that fit
		"from 1 to 2":                           "2 到 1",           // the other way round
		"from here to there to nowhere":         "there to nowhere 到 here",
		"within a day":                          "一天 内", // a part is said too
		"within two days":                       "two days 内",
		"it is over; eve has the lead; nothing": "已结束；eve 正在处理；nothing",
		"hours: it is over":                     "hours：已结束",
		`"a; b" is no number from 0`:            `"a; b" 不是数字`,
		"within {1}":                            "{1} 内",
		"within 1h30m":                          "1 小时 30 分钟 内",
		"within 2.5s":                           "2.5 秒 内",
		"within 90":                             "90 内",
		// No format made these.
		"":                        "",
		"It is over":              "",
		"it is over.":             "",
		"no call before ":         "", // a part is never empty
		" has the lead":           "",
		"hours: 9 to 5; not more": "", // punctuation alone says nothing
		"from 1":                  "",
		"\xff\x00{1}":             "",
	} {
		if got, ok := p.Say(english); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", english, got, ok, want)
		}
	}
}

func TestAFormatThatCannotBeToldApartIsNone(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		`{"{1}{2} is bad": "{1}{2}"}`, `{"{2} is {1}": "{1}{2}"}`, `{"{1} is {1}": "{1}"}`, `{"it is {1}": "是"}`, `{"it is {1}": "{1}{2}"}`,
		`{"it is {1}": "{1}{0}"}`, `{"{1}": "{1}"}`, `{"": ""}`, `{"it is {1}": "{1}{99999999999999999999}"}`, `[]`, `{`,
	} {
		if _, err := ReadPhrases([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestWhatNobodyTranslatedIsMarkedAsEnglish(t *testing.T) {
	t.Parallel()
	v := testViews(t)
	zh, en := asked("Accept-Language", "zh"), asked("Accept-Language", "en")
	for text, want := range map[string][2]string{
		"never tried": {"还没有拨打过", ""}, "no such <text>": {"no such <text>", "en"}, "客户要求": {"客户要求", ""},
		"the last attempt ended NO_ANSWER: nothing more is called": {"上一次拨打的结果是“无人接听”：不再拨打", ""},
		"used up: at most 3 attempts to the person on this matter in 24h, by the law's rule us-fl.frequency: Florida: at most 3 calls to a person about the same matter in any 24 hours. (Fla. Stat. 501.616) (unconfirmed)": {
			"已用完：24 小时内最多拨打 3 次（此人同一事项），依据法规 us-fl.frequency：佛罗里达州：任意 24 小时内，就同一事项对同一人最多呼叫 3 次。（Fla. Stat. 501.616）（未核实）", ""},
	} {
		if said, lang := v.Said(zh, text); said != want[0] || lang != want[1] {
			t.Errorf("%q: %q in %q, want %q", text, said, lang, want)
		}
		if said, lang := v.Said(en, text); said != text || lang != "" {
			t.Errorf("in English %q: %q in %q", text, said, lang)
		}
	}
	if got := v.drawn("zh")("no such <text>"); got != `<span lang="en">no such &lt;text&gt;</span>` {
		t.Error(got)
	}
	if got := v.drawn("zh")("{1} is over: <b>"); strings.Contains(string(got), "<b>") {
		t.Error(got)
	}
}

// A text that somebody made to be slow is given up: what is looked up for it does not grow with it.
func TestNoTextIsLookedIntoWithoutEnd(t *testing.T) {
	t.Parallel()
	p, err := readPhrases()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		strings.Repeat("never tried; ", 5_000), strings.Repeat("never tried: busy; due (done), until ", 2_000), strings.Repeat("used up: ", 5_000), strings.Repeat(" is ", 9_000),
	} {
		budget := nested
		if p.say(text, &budget); budget < -10*nested {
			t.Errorf("%.30q…: %d look-ups", text, nested-budget)
		}
	}
}

func FuzzSay(f *testing.F) {
	f.Add("no call before 09:00")
	f.Add("from {1} to {2}; a day")
	p := phrases(f)
	f.Fuzz(func(t *testing.T, text string) {
		said, ok := p.Say(text)
		if ok != (said != "") {
			t.Errorf("%q: %q, %v", text, said, ok)
		}
	})
}

func BenchmarkSay(b *testing.B) {
	p, err := readPhrases()
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"whole":  "within the hours in every zone of the lead",
		"parts":  "2026-03-02 22:04 America/New_York is outside the hours of the campaign",
		"nested": "used up: at most 3 attempts to this number in 24h, by the law's rule us-fl.frequency: Florida: at most 3 calls to a person about the same matter in any 24 hours. (Fla. Stat. 501.616) (unconfirmed)",
		"none":   "this text was never made by any format that is known here",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Say(text)
			}
		})
	}
}

func TestProblemsAreSaidInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	v := testViews(t)
	invalid := func(message string, fields ...string) error {
		bad := &errdetails.BadRequest{}
		for _, f := range fields {
			name, description, _ := strings.Cut(f, ": ")
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: name, Description: description})
		}
		s, err := status.New(codes.InvalidArgument, message).WithDetails(bad)
		if err != nil {
			t.Fatal(err)
		}
		return s.Err()
	}
	zh := asked("Accept-Language", "zh")
	p := v.ProblemOf(zh, invalid(`region: "X" is no country: give its two letters (ISO 3166-1), such as CN, US or GB`,
		`region: "X" is no country: give its two letters (ISO 3166-1), such as CN, US or GB`, "rules.matter: must be at most 50 characters", "other: made by nobody"))
	want := []Field{{"region", `"X" 不是国家代码：请填写两位字母（ISO 3166-1），例如 CN、US 或 GB`, ""}, {"rules.matter", "最多 50 个字符", ""}, {"other", "made by nobody", "en"}}
	if !slices.Equal(p.Fields, want) || p.Lang != "" || !strings.Contains(p.Message, "不是国家代码") {
		t.Errorf("%+v", p)
	}
	if p := v.ProblemOf(zh, invalid("made by nobody")); p.Message != "made by nobody" || p.Lang != "en" {
		t.Errorf("%+v", p)
	}
	if p := v.ProblemOf(zh, invalid("local: has not come yet", "local: has not come yet")); p.Message != "这个时间还没到" || p.Lang != "" {
		t.Errorf("%+v", p)
	}
	if p := v.ProblemOf(asked(), invalid("local: has not come yet", "local: has not come yet")); p.Message != "local: has not come yet" {
		t.Errorf("%+v", p)
	}
	if p := v.ProblemOf(zh, status.Error(codes.Internal, "it is not given by "+secret)); strings.Contains(p.Message, secret) {
		t.Errorf("%+v", p)
	}
	w := httptest.NewRecorder()
	v.Fail(w, zh, invalid("made by nobody", "other: made by <nobody>"))
	if body := w.Body.String(); !strings.Contains(body, `<p class="problem" role="alert" lang="en">made by nobody</p>`) || !strings.Contains(body, `<li lang="en"><code>other</code>: made by &lt;nobody&gt;</li>`) {
		t.Error(body)
	}
}
