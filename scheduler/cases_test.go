package scheduler_test

import (
	"bytes"
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
		{`"numbers":["+861"]`, `"numbers":[{"zones":["UTC"]}]`, "lead.numbers[0].number"},
		{`"numbers":["+861"]`, `"numbers":["+861",{"number":"+862","zones":["UTC","Mars"]}]`, "lead.numbers[1].zones[1]"},
		{`"numbers":["+861"]`, `"numbers":[{"number":"+862","places":["us"]}]`, "lead.numbers[0].places[0]"},
		{`"numbers":["+861"]`, `"numbers":[{"number":"+862","label":"home"}]`, "lead.numbers[0].label"},
		{`"numbers":["+861"]`, `"numbers":["+861"],"places":["US-FLOR"]`, "lead.places[0]"},
		{`"numbers":["+861"]`, `"numbers":["+861"],"account":7`, "lead.account"},
		{`"outcome":"BUSY"`, `"outcome":"BUSY","talk":"-1s"`, "attempts[0].talk"},
		{`"rules":{}`, `"campaign":-1`, "campaign"},
		{`"rules":{}`, `"conversation":30`, "conversation"},
		{`"rules":{}`, `"list":{"hours":[{"days":["mon"],"open":"9:00","close":"10:00"}]}`, "list.hours[0].open"},
		{`"rules":{}`, `"list":{"calendars":["cn"]}`, "list.calendars[0]"},
		{`"rules":{}`, `"list":{"calender":[]}`, "list.calender"},
		{`"rules":{}`, `"calendars":{"cn":{"days":[{"date":"2026-10-32","kind":"holiday"}]}}`, "calendars.cn.days[0].date"},
		{`"rules":{}`, `"calendars":{"cn":{"days":[{"kind":"holiday"}]}}`, "calendars.cn.days[0].date"},
		{`"rules":{}`, `"calendars":{"cn":{"days":[{"date":"2026-10-01","kind":"fest"}]}}`, "calendars.cn.days[0].kind"},
		{`"rules":{}`, `"calendars":{"cn":{"days":[{"date":"2026-10-01"}]}}`, "calendars.cn.days[0].kind"},
		{`"rules":{}`, `"calendars":{"cn":{"days":[{"date":"2026-10-01","kind":"working","as":"monday"}]}}`, "calendars.cn.days[0].as"},
		{`"rules":{}`, `"calendars":{"cn":{"days":[{"date":"2026-10-01","kind":"closure","hours":[{"open":"09:00","close":"10:00"}]}]}}`, "calendars.cn.days[0].hours"},
		{`"rules":{}`, `"calendars":{"cn":{"days":[{"date":"2026-10-01","kind":"working","hours":[{"open":"09:00","close":"08:00"}]}]}}`, "calendars.cn.days[0].hours[0].close"},
		{`"rules":{}`, `"calendars":{"cn":{"weeks":[{"from":"2026-10-01","to":"2026-09-01","hours":[{"days":["mon"],"open":"09:00","close":"10:00"}]}]}}`, "calendars.cn.weeks[0].to"},
		{`"rules":{}`, `"calendars":{"cn":{"weeks":[{"from":"2026-10-01"}]}}`, "calendars.cn.weeks[0].hours"},
		{`"rules":{}`, `"calendars":{"cn":{"version":1}}`, "calendars.cn.version"},
		{`"rules":{}`, `"law":[{"kind":"consent","places":["FR"]}]`, "law[0].id"},
		{`"rules":{}`, `"law":[{"id":"x","places":["FR"]}]`, "law[0].kind"},
		{`"rules":{}`, `"law":[{"id":"x","kind":"curfew","places":["FR"]}]`, "law[0].kind"},
		{`"rules":{}`, `"law":[{"id":"x","kind":"consent"}]`, "law[0].places"},
		{`"rules":{}`, `"law":[{"id":"x","kind":"consent","places":["France"]}]`, "law[0].places[0]"},
		{`"rules":{}`, `"law":[{"id":"x","kind":"hours","places":["FR"]}]`, "law[0].hours"},
		{`"rules":{}`, `"law":[{"id":"x","kind":"consent","places":["FR"],"closed":true}]`, "law[0].closed"},
		{`"rules":{}`, `"law":[{"id":"x","kind":"consent","places":["FR"],"purposes":["fun"]}]`, "law[0].purposes[0]"},
		{`"rules":{}`, `"law":[{"id":"x","kind":"consent","places":["FR"],"from":"2026-08-11","to":"2026-08-10"}]`, "law[0].to"},
		{`"rules":{}`, `"law":[{"id":"x","kind":"cap","places":["FR"],"cap":{"scope":"lead","max":0,"period":"24h"}}]`, "law[0].cap.max"},
		{`"rules":{}`, `"law":[{"id":"x","kind":"cap","places":["FR"],"cap":{"scope":"lead","max":1,"period":"24h"},"unless":["love"]}]`, "law[0].unless[0]"},
		{`"rules":{}`, `"law":[{"id":"x","kind":"cap","places":["FR"],"cap":{"scope":"lead","max":1,"period":"24h"},"consent_age":"1h"}]`, "law[0].consent_age"},
		{`"rules":{}`, `"law":[{"id":"x","kind":"consent","places":["FR"],"reason":""}]`, "law[0].reason"},
		{`"rules":{}`, `"law_days":[{"date":"2026-12-25"}]`, "law_days[0].kind"},
		{`"rules":{}`, `"uses":[{"outcome":"BUSY"}]`, "uses[0].placed_at"},
		{`"rules":{}`, `"uses":[{"placed_at":"2026-03-02T02:00:01Z"}]`, "uses[0].placed_at"},
		{`"rules":{}`, `"uses":[{"placed_at":"2026-03-01T02:00:01Z"},{"placed_at":"2026-03-01T02:00:00Z"}]`, "uses[1].placed_at"},
		{`"rules":{}`, `"uses":[{"placed_at":"2026-03-01T02:00:01Z","outcome":"?"}]`, "uses[0].outcome"},
		{`"rules":{}`, `"uses":[{"placed_at":"2026-03-01T02:00:01Z","person":1}]`, "uses[0].person"},
		{`"rules":{}`, `"uses":[{"placed_at":"2026-03-01T02:00:01Z","assignment":1}]`, "uses[0].assignment"},
		{`"rules":{}`, `"consents":[{"given_at":"2026-01-01T00:00:00Z"}]`, "consents[0].scopes"},
		{`"rules":{}`, `"consents":[{"scopes":["hours"]}]`, "consents[0].given_at"},
		{`"rules":{}`, `"consents":[{"scopes":["hour"],"given_at":"2026-01-01T00:00:00Z"}]`, "consents[0].scopes[0]"},
		{`"rules":{}`, `"consents":[{"scopes":["hours"],"given_at":"2026-01-01T00:00:00Z","proof":""}]`, "consents[0].proof"},
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

// Whatever is read is written such that it is read again as the same case, and what is not is told by kind.
func FuzzParseCase(f *testing.F) {
	for _, all := range [][]byte{vectors, regimeVectors} {
		for line := range bytes.Lines(all) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		c, err := scheduler.ParseCase(line)
		if err != nil {
			if campaign.KindOf(err) != campaign.KindInvalid || err.Error() == "" {
				t.Fatalf("%v is of kind %v", err, campaign.KindOf(err))
			}
			return
		}
		out, err := scheduler.EncodeCase(&c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := scheduler.ParseCase(out)
		if err != nil {
			t.Fatalf("%v\n%s\nof %s", err, out, line)
		}
		if twice, err := scheduler.EncodeCase(&again); err != nil || !bytes.Equal(twice, out) {
			t.Fatalf("%v\n%s\nthen %s", err, out, twice)
		}
	})
}
