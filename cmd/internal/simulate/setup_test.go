package simulate

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// far is a table of outcomes in which every call comes to the same, at any hour: whoever answers (a human with chance
// human) talks a minute; it rings for 20 s and takes 5 s to write down.
func far(human float64, answer, otherwise string) string {
	talk := `[60,0,60,60]`
	other := fmt.Sprintf(`{"outcome":%q,"ring":[20,0,20,20],"talk":[0,0,0,0],"wrap":[5,0,5,5],"why":"test"}`, otherwise)
	return fmt.Sprintf(`{"about":"test","ring_time":60,"hours":[{"from":0,"to":24,"human":%g,"why":"test"}],
		"attempts":[{"human":1,"bad":1,"why":"test"}],
		"human":[{"outcome":%q,"share":1,"why":"test"}],"otherwise":[{"outcome":%q,"share":1,"why":"test"}],
		"times":[{"outcome":%q,"ring":[20,0,20,20],"talk":%s,"wrap":[5,0,5,5],"why":"test"},%s]}`, human, answer, otherwise, answer, talk, other)
}

// scenario reads a scenario of which a test gives some members; agents look at the card for 4 s.
func scenario(t *testing.T, members ...string) *Scenario {
	t.Helper()
	s, err := Read([]byte("{" + strings.Join(members, ",") + "}"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const oneAllDay = `"agents":[{"name":"ann","card":[4,0,4,4],"shifts":[{"days":["mon","tue","wed","thu","fri","sat","sun"],"start":"09:00","end":"21:00"}]}]`

// calls plays a scenario with the full check and gives its calls, as "lead day hour" with extras that format names.
func play(t *testing.T, s *Scenario, format func(Call) string) (*Result, []string) {
	t.Helper()
	var made []string
	r, err := Run(t.Context(), s, Options{Full: true, Called: func(c Call) { made = append(made, format(c)) }})
	if err != nil {
		t.Fatal(err)
	}
	return r, made
}

func placed(c Call) string { return fmt.Sprintf("%d %s", c.Lead, c.PlacedAt.Format("02 15:04:05")) }

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func leads(numbers ...string) string {
	var all []string
	for _, n := range numbers {
		all = append(all, fmt.Sprintf(`{"numbers":[%q]}`, n))
	}
	return `"leads":[` + strings.Join(all, ",") + `]`
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func utc(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
