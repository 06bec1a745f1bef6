package scheduler_test

import (
	"testing"
	"time"

	"redial/campaign"
	"redial/scheduler"
)

type onePack scheduler.LawPack

func (p *onePack) Pack(name string) *scheduler.LawPack {
	if name != p.Name {
		return nil
	}
	return (*scheduler.LawPack)(p)
}

func TestReachIsTheLongestThatAPackLooksBackAtOtherLeadsCalls(t *testing.T) {
	rb := &scheduler.Rulebook{Law: &onePack{Name: "xx", Version: "2026-11-01", Rules: []scheduler.LawRule{
		{Kind: scheduler.LawCap, Cap: campaign.Cap{Scope: campaign.CapLead, Max: 1, Days: 400}},
		{Kind: scheduler.LawCap, Cap: campaign.Cap{Scope: campaign.CapPerson, Max: 3, Period: 24 * time.Hour}},
		{Kind: scheduler.LawCoolOff, CoolOff: campaign.CoolOff{After: campaign.AfterConversation, Scope: campaign.CapAccount, Days: 7}},
	}}}
	if got := rb.Reach(&campaign.Rules{Packs: []string{"xx", "yy"}}); got < 7*24*time.Hour+time.Hour || got > 8*24*time.Hour {
		t.Errorf("it looks back %s, want seven local days, one of them with 25 hours", got)
	}
	if got := rb.Reach(&campaign.Rules{}); got != 0 {
		t.Errorf("without packs it looks back %s", got)
	}
	if got := new(scheduler.Rulebook).Reach(&campaign.Rules{Packs: []string{"xx"}}); got != 0 {
		t.Errorf("without law it looks back %s", got)
	}
	if v, none := rb.PackVersion("xx"), rb.PackVersion("yy"); v != "2026-11-01" || none != "" {
		t.Errorf("versions %q, %q", v, none)
	}
}
