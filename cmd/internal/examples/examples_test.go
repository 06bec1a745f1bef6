package examples_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// desk is a folder with the exports and an example before an office.
type desk struct {
	*office
	dir string
	run client
}

func (d *desk) sync(token string) string {
	d.t.Helper()
	out, err := d.run(d.t, d.dir, "REDIAL_SERVER="+d.addr, "REDIAL_TOKEN="+token, fmt.Sprint("CAMPAIGN=", d.campaign))
	if err != nil {
		d.t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func (d *desk) read(name string) string {
	d.t.Helper()
	raw, err := os.ReadFile(filepath.Join(d.dir, name))
	d.must(err)
	return string(raw)
}

// outcomes are the rows of the file, by external id.
func (d *desk) outcomes() map[string][]string {
	d.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(d.read("outcomes.csv"))).ReadAll()
	d.must(err)
	if len(rows) == 0 || strings.Join(rows[0], " ") != "call lead source external_id outcome note placed_at next" {
		d.t.Fatalf("headings: %q", rows)
	}
	all := make(map[string][]string)
	for _, r := range rows[1:] {
		if all[r[3]] != nil {
			d.t.Errorf("%s is there twice", r[3])
		}
		all[r[3]] = r
	}
	return all
}

func TestEveryExampleSyncsLeadsInAndOutcomesOut(t *testing.T) {
	t.Parallel()
	for name, ready := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &desk{office: open(t), dir: t.TempDir(), run: ready(t)}
			d.must(os.CopyFS(filepath.Join(d.dir, "data"), os.DirFS(filepath.Join(examples, "data"))))
			own := d.crm(d.campaign)
			d.leadsComeIn(own)
			said := d.callsAreMade()
			d.outcomesGoOut(own, d.crm(), said)
			d.changesGoBothWays(own, said)
			d.othersAreRefused()
		})
	}
}

func (d *desk) leadsComeIn(token string) {
	d.t.Helper()
	out := d.sync(token)
	for _, want := range []string{"00Q5e000001AAA5EAO", "added", "failed"} {
		if !strings.Contains(out, want) {
			d.t.Errorf("nothing of %q is told:\n%s", want, out)
		}
	}
	if got := d.outcomes(); len(got) != 0 {
		d.t.Errorf("outcomes before any call: %v", got)
	}
	leads := d.leads()
	if len(leads) != 7 {
		d.t.Errorf("%d leads", len(leads))
	}
	for name, want := range map[string]string{
		"Dana Whitfield":   "salesforce 00Q5e000001AAA1EAO 1780302600000000 [US] Harbor Lane Books +12025550171 mobile +12025550143 work",
		"Marcus Oyelaran":  "salesforce 00Q5e000001AAA2EAO 1780305161000000 [US] Oyelaran, Price & Co +14155550112 work",
		"Imogen Hartley":   "salesforce 00Q5e000001AAA3EAO 1780416309000000 [GB] Ashgrove Interiors +441134960431 mobile +442079460958 work",
		"Priya Nandakumar": `hubspot 7700101 1780298100000000 [US] Saffron "Street" Foods +16175550118 work`,
	} {
		l := leads[name]
		var got strings.Builder
		fmt.Fprintf(&got, "%s %s %d %v", l.GetSource(), l.GetExternalId(), l.GetRevision(), l.GetPlaces())
		for _, a := range l.GetAttributes() {
			got.WriteString(" " + a.GetValue())
		}
		for _, n := range l.GetNumbers() {
			got.WriteString(" " + n.GetPhone() + " " + n.GetLabel())
		}
		if got.String() != want {
			d.t.Errorf("%s\n got %s\nwant %s", name, got.String(), want)
		}
	}
}

func (d *desk) callsAreMade() map[string]*called {
	d.t.Helper()
	local := time.Now().Add(72*time.Hour).UTC().Format(time.DateOnly) + "T15:30"
	said := map[string]*called{
		"Dana Whitfield":   {code: "APPOINTMENT", note: `wants "the blue one", after lunch`, local: local},
		"Rafael Quintero":  {code: "WRONG_PERSON", note: "a pizzeria"},
		"Priya Nandakumar": {code: "SUCCESS", note: "bought two,\nthanks – gerne ☎"},
		"Gwen Prosser":     {code: "REFUSED"},
	}
	d.work(said)
	return said
}

// expect compares the file with what was said.
func (d *desk) expect(said map[string]*called) {
	d.t.Helper()
	leads, got := d.leads(), d.outcomes()
	if len(got) != len(said) {
		d.t.Errorf("%d outcomes, want %d: %v", len(got), len(said), got)
	}
	for name, s := range said {
		l := leads[name]
		row := got[l.GetExternalId()]
		if row == nil {
			d.t.Errorf("nothing of %s", name)
			continue
		}
		want := fmt.Sprintf("%d|%d|%s|%s|%s|%s", s.id, l.GetId(), l.GetSource(), l.GetExternalId(), s.code, s.note)
		if is := strings.Join(row[:6], "|"); is != want {
			d.t.Errorf("%s\n got %s\nwant %s", name, is, want)
		}
		if placed, err := time.Parse(time.RFC3339, row[6]); err != nil || time.Since(placed) > time.Hour {
			d.t.Errorf("%s was called at %q", name, row[6])
		}
		d.expectNext(name, row[7], s)
	}
}

func (d *desk) expectNext(name, got string, s *called) {
	d.t.Helper()
	switch at := s.told.GetPlan().GetAt(); {
	case at == nil && got != "":
		d.t.Errorf("%s is to be called at %s, by its file alone", name, got)
	case at != nil:
		if next, err := time.Parse(time.RFC3339, got); err != nil || next.Sub(at.AsTime()).Abs() >= time.Second {
			d.t.Errorf("%s is called next at %q, want %v", name, got, at.AsTime())
		}
	}
}

func (d *desk) outcomesGoOut(own, everywhere string, said map[string]*called) {
	d.t.Helper()
	out := d.sync(own)
	if strings.Contains(out, "added") || strings.Contains(out, "updated") || !strings.Contains(out, "unchanged") {
		d.t.Errorf("the same exports again:\n%s", out)
	}
	d.expect(said)
	file, cursor := d.read("outcomes.csv"), d.read("outcomes.csv.cursor")
	if d.sync(everywhere); d.read("outcomes.csv") != file || cursor == "" {
		d.t.Errorf("a run for nothing changed the outcomes to\n%s", d.read("outcomes.csv"))
	}
	d.must(os.Remove(filepath.Join(d.dir, "outcomes.csv.cursor"))) // as by a cut: all is told again
	if d.sync(own); d.read("outcomes.csv") != file || d.read("outcomes.csv.cursor") == "" {
		d.t.Errorf("events told again changed the outcomes to\n%s", d.read("outcomes.csv"))
	}
}

// changesGoBothWays has the CRM change a lead and send an old state of another, the agent correct an outcome, and a person
// be erased.
func (d *desk) changesGoBothWays(token string, said map[string]*called) {
	d.t.Helper()
	file := filepath.Join(d.dir, "data", "hubspot.csv")
	text := strings.NewReplacer("Tobias,Lindqvist,Northlight Studio", "Tobias,Lindqvist,Southdark Studio", "2026-06-02 13:40", "2026-06-20 13:40",
		"Priya,Nandakumar", "Before,Marriage", "2026-06-01 07:15", "2026-05-01 07:15").Replace(d.read("data/hubspot.csv"))
	d.must(os.WriteFile(file, []byte(text), 0o600))
	wrong := said["Gwen Prosser"]
	wrong.code, wrong.note = "CALL_LATER", "meant: call later"
	corrected, err := dialerpb.NewAgentServiceClient(d.conn).CorrectOutcome(d.admin, &dialerpb.CorrectOutcomeRequest{Agent: "ann", AssignmentId: wrong.id, Code: wrong.code, Note: wrong.note})
	d.must(err)
	wrong.told.Plan = corrected.GetPlan()
	_, err = campaignpb.NewLeadServiceClient(d.conn).EraseLead(d.admin, &campaignpb.EraseLeadRequest{Id: d.leads()["Rafael Quintero"].GetId(), Reason: "asked for it"})
	d.must(err)
	delete(said, "Rafael Quintero")
	out := d.sync(token)
	for _, want := range []string{"updated", "stale"} {
		if !strings.Contains(out, want) {
			d.t.Errorf("nothing is %s:\n%s", want, out)
		}
	}
	leads := d.leads()
	if got := leads["Tobias Lindqvist"].GetAttributes()[0].GetValue(); got != "Southdark Studio" || leads["Before Marriage"] != nil {
		d.t.Errorf("the company is %q; %v", got, leads["Before Marriage"])
	}
	d.expect(said)
}

// othersAreRefused has a token of another campaign fail, and say so.
func (d *desk) othersAreRefused() {
	d.t.Helper()
	for _, token := range []string{d.crm(d.other), "rd_nobody"} {
		out, err := d.run(d.t, d.dir, "REDIAL_SERVER="+d.addr, "REDIAL_TOKEN="+token, fmt.Sprint("CAMPAIGN=", d.campaign))
		if err == nil || len(out) < 10 {
			d.t.Errorf("a token that may not see the campaign: %v\n%s", err, out)
		}
	}
}
