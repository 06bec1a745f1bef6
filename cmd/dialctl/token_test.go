package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

func TestExpiryIsDaysOrAnInstant(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"90d": now.AddDate(0, 0, 90), "1d": now.AddDate(0, 0, 1), "2027-01-01T00:00:00Z": time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		"2027-01-01": time.Date(2027, 1, 1, 0, 0, 0, 0, time.Local),
	} {
		var f expiryFlag
		if err := f.Set(text); err != nil || !f.from(now).AsTime().Equal(want) {
			t.Errorf("%s: %v, %v; want %v", text, f.from(now).AsTime(), err, want)
		}
	}
	for _, text := range []string{"0d", "-1d", "d", "1.5d", "99999d", "soon", ""} {
		if err := new(expiryFlag).Set(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	if never := new(expiryFlag).from(now); never != (*timestamppb.Timestamp)(nil) {
		t.Errorf("not given: %v", never)
	}
}

func TestTokensAreMadeListedAndRevoked(t *testing.T) {
	t.Parallel()
	o := open(t)
	for _, name := range []string{"spring", "summer"} {
		o.ask("campaign", "create", name, "--rules", o.file(name+".json", always), "--zone", "Asia/Shanghai", "--region", "CN")
	}
	made := o.ask("token", "create", "crm", "--role", "crm", "--expires", "90d", "--campaign", "spring", "--permit", "numbers")
	if ends, err := time.Parse(time.RFC3339, fmt.Sprint(made["expires_at"])); err != nil || time.Until(ends).Round(time.Hour) != 90*24*time.Hour {
		t.Errorf("it ends at %v: %v", made["expires_at"], err)
	}
	if text := fmt.Sprint(made["campaigns"], made["permissions"]); text != "[1] [numbers]" {
		t.Errorf("made for %s: %v", text, made)
	}
	machine := o.ask("token", "create", "sync", "--role", "crm", "--certificate", "spiffe://example.com/sync")
	if machine["token"] != "" || machine["certificate"] != "uri:spiffe://example.com/sync" {
		t.Errorf("a certificate's token is %v", machine)
	}
	table := o.ctl(0, "token", "list")
	for _, word := range []string{"CAMPAIGNS", "USED", "ENDS", "numbers", "spiffe://example.com/sync"} {
		if !strings.Contains(table, word) {
			t.Errorf("the table has no %s:\n%s", word, table)
		}
	}
	admin := o.env
	o.env = map[string]string{"REDIAL_SERVER": admin["REDIAL_SERVER"], "REDIAL_TOKEN": made["token"].(string)}
	if seen := o.ctl(0, "campaign", "list"); !strings.Contains(seen, "spring") || strings.Contains(seen, "summer") {
		t.Errorf("it sees\n%s", seen)
	}
	o.env = admin
	o.ask("token", "revoke", fmt.Sprint(made["id"]))
	o.ctl(exitUsage, "token", "create", "x", "--role", "crm", "--campaign", "")
	o.ctl(exitUsage, "token", "create", "x", "--role", "crm", "--permit", "everything")
	o.ctl(exitUsage, "token", "create", "x", "--role", "crm", "--expires", "2020-01-01")
}
