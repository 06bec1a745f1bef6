package scheduler_test

import (
	"encoding/json"
	"strings"
	"testing"

	"redial/campaign"
	"redial/scheduler"
)

const goodCase = `{"id":"a","now":"2026-03-02T02:00:00Z","rules":{},"lead":{"zones":["Asia/Shanghai"],"numbers":["+861"]},` +
	`"attempts":[{"placed_at":"2026-03-01T02:00:00Z","outcome":"BUSY","number":"+861"}],` +
	`"appointment":{"local":"2026-03-02T15:00","zone":"Asia/Shanghai","customer_insisted":false},"want":{"any":["thing"]}}`

func TestMalformedCasesNameTheField(t *testing.T) {
	t.Parallel()
	if _, err := scheduler.ParseCase([]byte(goodCase)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, field string }{
		{`"id":"a",`, ``, "id"},
		{`"id":"a"`, `"id":7`, "id"},
		{`"now":"2026-03-02T02:00:00Z",`, ``, "now"},
		{`"now":"2026-03-02T02:00:00Z"`, `"now":"2026-03-02 02:00"`, "now"},
		{`"now":"2026-03-02T02:00:00Z"`, `"now":"2026-03-02T02:00:00.25Z"`, "now"},
		{`"rules":{}`, `"rules":[]`, "rules"},
		{`"rules":{}`, `"rules":{"max_days":-1}`, "rules.max_days"},
		{`"rules":{}`, `"rulez":{}`, "rulez"},
		{`"zones":["Asia/Shanghai"]`, `"zones":[]`, "lead.zones"},
		{`"zones":["Asia/Shanghai"],`, ``, "lead.zones"},
		{`"zones":["Asia/Shanghai"]`, `"zones":["UTC",""]`, "lead.zones[1]"},
		{`"zones":["Asia/Shanghai"]`, `"zones":["Local"]`, "lead.zones[0]"},
		{`,"numbers":["+861"]`, ``, "lead.numbers"},
		{`"numbers":["+861"]`, `"numbers":[861]`, "lead.numbers[0]"},
		{`"numbers":["+861"]`, `"numbers":[],"name":"x"`, "lead.name"},
		{`"outcome":"BUSY"`, `"outcome":"busy"`, "attempts[0].outcome"},
		{`"outcome":"BUSY",`, ``, "attempts[0].outcome"},
		{`,"number":"+861"}`, `}`, "attempts[0].number"},
		{`"placed_at":"2026-03-01T02:00:00Z",`, ``, "attempts[0].placed_at"},
		{`"placed_at":"2026-03-01T02:00:00Z"`, `"placed_at":"2026-03-02T02:00:01Z"`, "attempts[0].placed_at"},
		{`"attempts":[`, `"attempts":[{"placed_at":"2026-03-01T02:00:01Z","outcome":"BUSY","number":"+861"},`, "attempts[1].placed_at"},
		{`"number":"+861"}`, `"number":"+861","note":""}`, "attempts[0].note"},
		{`"local":"2026-03-02T15:00"`, `"local":"15:00"`, "appointment.local"},
		{`"local":"2026-03-02T15:00",`, ``, "appointment.local"},
		{`"zone":"Asia/Shanghai",`, ``, "appointment.zone"},
		{`"zone":"Asia/Shanghai"`, `"zone":"Asia/Peking"`, "appointment.zone"},
		{`false}`, `"no"}`, "appointment.customer_insisted"},
		{`"customer_insisted"`, `"insisted"`, "appointment.insisted"},
		{`"id":"a"`, `"id":"a","id":"b"`, "id"},
	} {
		bad := strings.Replace(goodCase, c.from, c.to, 1)
		if bad == goodCase {
			t.Fatalf("%s changes nothing", c.from)
		}
		_, err := scheduler.ParseCase([]byte(bad))
		if campaign.KindOf(err) != campaign.KindInvalid || !strings.HasPrefix(err.Error(), c.field+": ") {
			t.Errorf("%s: %v, want an error about %s", c.to, err, c.field)
		}
	}
}

func TestInstantsOfACaseMayHaveAnOffset(t *testing.T) {
	t.Parallel()
	c, err := scheduler.ParseCase([]byte(strings.Replace(goodCase, "2026-03-02T02:00:00Z", "2026-03-02T10:00:00+08:00", 1)))
	if err != nil || !strings.Contains(show(t, &c), `"now":"2026-03-02T02:00:00Z"`) {
		t.Errorf("%v, %v", c.Now, err)
	}
}

func TestAnswersAreJSONWhateverTheirText(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"plain", `quo"te\`, "名字", "a\nb\x01", "<&>\u2028"} {
		var got struct{ ID, Number, Reason string }
		a := scheduler.Answer{ID: id, Plan: campaign.Plan{Number: campaign.Phone(id), Reason: "due"}}
		line := a.AppendJSON(nil)
		if err := json.Unmarshal(line, &got); err != nil || got.ID != id || got.Number != id || got.Reason != "due" {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
}
