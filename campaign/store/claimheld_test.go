package store

import (
	"context"
	"testing"
	"time"

	"redial/campaign"
	"redial/campaign/store/storetest/testserver"
)

// Somebody's transaction holds one agent's session and a number of another agent's lead: those two wait, and the others of
// the same batch get their leads. Once it ends the two get theirs.
func TestClaimsGoAroundHeldRows(t *testing.T) {
	t.Parallel()
	b := openBench(t, testserver.Postgres(t)+"&lock_timeout=1500")
	ctx := t.Context()
	c := b.campaign(t, "held")
	b.loaded(t, c.ID, campaign.ImportOptions{}, drafts(0, 6))
	leads := must[[]campaign.Lead](t)(b.FindLeads(ctx, campaign.LeadFilter{Limit: 6}))
	var claims []campaign.Claim
	for i := range leads {
		a := must[campaign.Agent](t)(b.CreateAgent(ctx, campaign.Agent{Login: "held-" + string(rune('a'+i))}))
		must[campaign.Session](t)(b.MoveSession(ctx, a.ID, toReady))
		claims = append(claims, campaign.Claim{Agent: a.ID, Candidates: []campaign.LeadID{leads[i].ID}})
	}
	const session, number = 1, 4
	foreign := must[context.CancelFunc](t)(b.holding(ctx, claims[session].Agent, leads[number].Numbers[0].Phone))
	got := must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, claims))
	for i := range got {
		if held := i == session || i == number; held == (got[i].Assignment != nil) {
			t.Errorf("claim %d: %+v", i, got[i])
		}
	}
	if campaign.ReasonOf(got[session].Err) != campaign.ReasonNotReady {
		t.Errorf("whose session is held: %v", got[session].Err)
	}
	if r := got[number].Refused; got[number].Err != nil || len(r) != 1 || r[0].Judgement.Binding != "state" {
		t.Errorf("whose lead is held: %+v", got[number])
	}
	began := time.Now()
	must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, []campaign.Claim{claims[session], claims[number]}))
	if took := time.Since(began); took > 1400*time.Millisecond {
		t.Errorf("the next batch waited %v for rows that are known to be held", took)
	}
	foreign()
	for i, g := range must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, []campaign.Claim{claims[session], claims[number]})) {
		if g.Assignment == nil {
			t.Errorf("afterwards claim %d: %+v", i, g)
		}
	}
	soundly(t, b)
}

// What cannot be passed over is waited for by those alone who need it: here whatever is written of one agent's assignments.
func TestClaimsThatAreRefusedALockStandAlone(t *testing.T) {
	t.Parallel()
	b := openBench(t, testserver.Postgres(t)+"&lock_timeout=300")
	ctx := t.Context()
	h := inHand(t, b, 5)
	const guilty = 3
	var claims []campaign.Claim
	for i, id := range h.offers {
		lead := must[campaign.Assignment](t)(b.Assignment(ctx, id)).LeadID
		must[campaign.Session](t)(b.Decline(ctx, id, h.agents[i], "no"))
		claims = append(claims, campaign.Claim{Agent: h.agents[i], Candidates: []campaign.LeadID{lead}})
	}
	b.sql(t, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		RAISE EXCEPTION USING ERRCODE = '55P03', MESSAGE = 'held'; END $$`)
	b.sql(t, `CREATE TRIGGER refuse BEFORE INSERT ON assignments FOR EACH ROW WHEN (NEW.agent_id = `+js(h.agents[guilty])+`) EXECUTE FUNCTION refuse()`)
	for i, g := range must[[]campaign.Claimed](t)(b.ClaimLeads(ctx, claims)) {
		if (i == guilty) == (g.Assignment != nil) || (i == guilty) != (campaign.KindOf(g.Err) == campaign.KindAway) {
			t.Errorf("claim %d: %+v", i, g)
		}
	}
	soundly(t, b)
}

// holding locks an agent's session and a number in a transaction of somebody else's, until it is ended.
func (b *bench) holding(ctx context.Context, agent campaign.AgentID, phone campaign.Phone) (end context.CancelFunc, err error) {
	tx, err := b.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM sessions WHERE agent_id = $1 FOR UPDATE`, int64(agent)); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM subjects WHERE key = $1 FOR UPDATE`, string(phone)); err != nil {
		return nil, err
	}
	return func() { _ = tx.Rollback() }, nil
}
