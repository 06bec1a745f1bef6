package dialer

import (
	"context"
	"fmt"
	"time"

	"redial/campaign"
)

// PickLead claims the lead that an agent chose, instead of the next one: dialling by hand. The claim is the same, with
// the same gates and caps. The lead in hand is the answer again. Errors: KindUnready with NOT_CALLABLE_NOW, the gate
// that binds as the metadata "gate" and when it opens as "opens_at" (RFC 3339), SUPPRESSED, or AGENT_NOT_READY;
// KindDenied for a campaign that the agent does not work on; KindNotFound.
func (f *Floor) PickLead(ctx context.Context, agent campaign.AgentID, epoch int64, lead campaign.LeadID) (*campaign.Claimed, campaign.Session, error) {
	if err := f.stopping(); err != nil {
		return nil, campaign.Session{}, err
	}
	if err := f.mayPick(ctx, agent, lead); err != nil {
		return nil, campaign.Session{}, err
	}
	came, held, err := f.getReady(ctx, agent, epoch)
	session := came.Session
	switch {
	case err != nil:
		return nil, session, err
	case held != nil && held.Assignment.LeadID == lead:
		return held, session, nil
	case held != nil:
		return nil, session, campaign.Unready(campaign.ReasonNotReady, fmt.Sprintf("you hold assignment %d already: finish it first", held.Assignment.ID))
	}
	got, err := f.rec.ClaimLeads(ctx, []campaign.Claim{{Agent: agent, Candidates: []campaign.LeadID{lead}, Manual: true}})
	if err != nil {
		return nil, session, err
	}
	claimed := &got[0]
	if claimed.Assignment == nil {
		return nil, session, notPicked(claimed)
	}
	f.mu.Lock()
	f.ahead.taken(lead, f.now())
	f.mu.Unlock()
	hold, err := f.clear(ctx, claimed)
	if err != nil {
		return nil, session, err
	}
	if hold != nil {
		if session, err = f.Refresh(ctx, agent); err == nil {
			err = heldOff(hold)
		}
		return nil, session, err
	}
	session, err = f.Learned(ctx, agent, claimed.Session)
	return claimed, session, err
}

// mayPick says whether the agent works on the lead's campaign.
func (f *Floor) mayPick(ctx context.Context, agent campaign.AgentID, lead campaign.LeadID) error {
	l, err := f.rec.Lead(ctx, lead)
	if err != nil {
		return err
	}
	a, err := f.agentOf(ctx, agent, agentFor)
	if err != nil {
		return err
	}
	offering, err := f.rec.Offering(ctx)
	if err != nil {
		return err
	}
	for i := range offering {
		if c := &offering[i]; c.ID == l.CampaignID {
			if s := (&seat{agent: a}); !s.member(c) {
				return campaign.Denied(fmt.Sprintf("lead %d is of campaign %s, which %s does not work on, or lacks a skill for", lead, c.Name, a.Login))
			}
			return nil
		}
	}
	return notCallable("campaign", "the lead's campaign does not run", time.Time{})
}

// notPicked says why the lead that was chosen may not be called.
func notPicked(c *campaign.Claimed) error {
	if c.Err != nil {
		return c.Err
	}
	if len(c.Refused) == 0 {
		return notCallable("state", "somebody else has the lead", time.Time{})
	}
	j := &c.Refused[0].Judgement
	if j.Binding == "suppression" {
		return campaign.Unready(campaign.ReasonSuppressedNow, "the lead must not be called: "+j.Detail)
	}
	return notCallable(j.Binding, j.Detail, j.OpenAt)
}

func notCallable(gate, detail string, opens time.Time) error {
	text := "this lead may not be called now: " + detail
	meta := map[string]string{"gate": gate}
	if !opens.IsZero() {
		meta["opens_at"] = opens.UTC().Format(time.RFC3339)
		text = fmt.Sprintf("%s; it may be from %s on", text, meta["opens_at"])
	}
	e := campaign.Unready(campaign.ReasonNotCallable, text)
	e.Meta = meta
	return e
}
