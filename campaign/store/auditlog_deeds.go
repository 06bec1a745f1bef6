package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"redial/campaign"
)

// What the audit log keeps of each kind of deed: rules and permissions whole, and of persons nothing but ids.

// deed fields by name.
type deedFields map[string]any

// auditChange adds an entry with the fields that differ; none do: none.
func (t *tx) auditChange(action, target string, before, after deedFields, reason string) error {
	was, is := deedFields{}, deedFields{}
	for name, v := range after {
		if js(before[name]) != js(v) {
			was[name], is[name] = before[name], v
		}
	}
	if len(is) == 0 {
		return nil
	}
	return t.audit(action, target, was, is, reason)
}

func campaignTarget(id campaign.CampaignID) string { return fmt.Sprint("campaign ", id) }

func leadTarget(id campaign.LeadID) string { return fmt.Sprint("lead ", id) }

// stateDeeds name what brings a campaign into a state.
var stateDeeds = map[campaign.CampaignState]string{campaign.CampaignRunning: "start_campaign", campaign.CampaignPaused: "pause_campaign",
	campaign.CampaignFinished: "finish_campaign"}

func campaignDeed(c *campaign.Campaign) deedFields {
	return deedFields{"name": c.Name, "zone": c.Zone, "region": c.Region, "rules": c.Rules, "floor": c.Floor, "script": c.Script,
		"skills": list(c.Skills), "codes": list(c.Codes), "pre_call": c.PreCall, "mask_numbers": c.MaskNumbers}
}

func agentDeed(a *campaign.Agent) deedFields {
	weights := make(map[string]int, len(a.Campaigns))
	for _, m := range a.Campaigns {
		weights[fmt.Sprint(m.CampaignID)] = m.Weight
	}
	return deedFields{"login": a.Login, "name": a.Name, "skills": list(a.Skills), "campaigns": weights, "active": a.Active}
}

func listDeed(l *campaign.List) deedFields {
	return deedFields{"state": l.State, "on": l.On, "priority": l.Priority, "hours": list(l.Hours), "calendars": list(l.Calendars)}
}

// calendarDeed names the version, which is kept for ever, and proves it by its sum.
func calendarDeed(c *campaign.Calendar) deedFields {
	sum := sha256.Sum256([]byte(calendarText(c)))
	return deedFields{"version": c.Version, "days": len(c.Days), "sha256": hex.EncodeToString(sum[:])}
}

func consentDeed(c *campaign.Consent) deedFields {
	out := deedFields{"consent": c.ID, "purpose": c.Purpose, "scopes": c.Scopes, "given_at": c.GivenAt, "expires_at": set(c.ExpiresAt)}
	if c.Phone != "" {
		out["number"] = c.Phone.Masked()
	}
	return out
}

func suppressionDeed(x *campaign.Suppression) deedFields {
	out := deedFields{"number": x.Phone.Masked(), "source": x.Source, "expires_at": set(x.ExpiresAt)}
	if x.Country != "" {
		out["country"] = x.Country
	}
	return out
}

// suppressionTarget is the campaign that a suppression binds in; empty: it binds in others, too.
func suppressionTarget(k campaign.SuppressionKey) string {
	if k.Campaign == 0 {
		return ""
	}
	return fmt.Sprintf("campaign %d", k.Campaign)
}

// leadDeed is what the audit log keeps of a change to a lead.
type leadDeed struct {
	action, reason string
	before, after  any
}

func (d *leadDeed) moved(from, to campaign.LeadState) {
	d.before, d.after = deedFields{"state": from}, deedFields{"state": to}
}
