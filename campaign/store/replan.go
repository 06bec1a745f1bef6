package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"redial/campaign"
)

// staleLead is the condition under which a lead is left to be planned anew but for its rules' version: nobody holds it
// and it has not ended.
const staleLead = `l.state IN ('open', 'exhausted', 'suppressed')`

// ReplanLeft is how many leads of a campaign are left to be planned anew, because they were planned under other rules
// than its own, whose version it gives, or had no callable time before one of its calendars changed. Leads that agents
// hold are decided about when they come back and are not among them. It counts in indexes that hold little else.
// Errors: KindNotFound.
func (s *Store) ReplanLeft(ctx context.Context, id campaign.CampaignID) (version, left int64, err error) {
	err = s.read(atLength(ctx), "count leads to plan anew", func(t *tx) error {
		var reopened int64
		if version, reopened, err = t.rulesOf(id); err != nil {
			return err
		}
		left = 0
		for _, part := range []struct {
			query string
			args  []any
		}{
			{`SELECT count(*) FROM leads l WHERE l.campaign_id = $1 AND ` + staleLead + ` AND l.rules_version < $2`, []any{int64(id), version}},
			{`SELECT count(*) FROM leads l WHERE l.campaign_id = $1 AND ` + staleLead + ` AND l.rules_version > $2`, []any{int64(id), version}},
			{shutLeads(`count(*)`) + ` AND l.rules_version = $3`, []any{int64(id), reopened, version}},
		} {
			var n int64
			if err := t.row(part.query, part.args, &n); err != nil {
				return err
			}
			left += n
		}
		return nil
	})
	return version, left, err
}

// shutLeads selects of campaign $1's leads without a callable time that were decided about before $2.
func shutLeads(what string) string {
	return `SELECT ` + what + ` FROM leads l WHERE l.campaign_id = $1 AND l.state = 'exhausted' AND l.reason = 'no_callable_time' AND l.decided_at < $2`
}

// rulesOf are the version of a campaign's rules and when its calendars last changed.
func (t *tx) rulesOf(id campaign.CampaignID) (version, reopened int64, err error) {
	err = t.row(`SELECT c.rules_version, c.reopened_at FROM campaigns c WHERE c.id = $1`, []any{int64(id)}, &version, &reopened)
	return version, reopened, none(err, "campaign", id)
}

// ReplanBatch decides up to limit leads of the campaign anew that ReplanLeft counts, from the one after a lead on by
// id, and says the last one it looked at; 0: there are no more. n is how many it decided: leads that agents hold, or
// that are being changed, are passed over. A batch that is repeated changes nothing. It looks for them and decides
// without locks: a lead whose plan stays as it was is written in little more than its version, if nobody changed it
// meanwhile; the others are locked and decided again.
func (s *Store) ReplanBatch(ctx context.Context, id campaign.CampaignID, after campaign.LeadID, limit int) (last campaign.LeadID, n int, err error) {
	var r replanning
	err = s.read(atLength(ctx), "find leads to plan anew", func(t *tx) error {
		r = replanning{now: t.now}
		ids, reopened, err := t.staleLeads(id, after, limit)
		if err != nil || len(ids) == 0 {
			return err
		}
		r.last, r.reopened = ids[len(ids)-1], fromUS(reopened)
		return r.look(t, ids)
	})
	if err != nil || r.last == 0 {
		return 0, 0, err
	}
	err = s.write(atLength(ctx), "plan leads anew", func(t *tx) error {
		same, err := r.confirm(t)
		if err != nil {
			return err
		}
		changed, err := r.replan(t)
		n = same + changed
		return err
	})
	return r.last, n, err
}

// replanning is a batch of leads being planned anew.
type replanning struct {
	last     campaign.LeadID
	reopened time.Time // when the campaign's calendars last changed
	now      time.Time // of the look
	rules    int64     // the version decided under
	same     []seenLead
	other    []campaign.LeadID
}

// seenLead is a lead as it was looked at.
type seenLead struct {
	ID      campaign.LeadID `json:"id"`
	Version int64           `json:"version"`
}

// look decides, without locks, and tells leads whose plan stays from the others.
func (r *replanning) look(t *tx, ids []campaign.LeadID) error {
	k, err := t.load(want{leads: ids})
	if err != nil {
		return err
	}
	for _, id := range inOrder(k.facts) {
		f := k.facts[id]
		r.rules = f.Campaign.RulesVersion
		seen := seenLead{id, f.Lead.Version}
		if k.decideAgain(f) && !k.regrouped[id] {
			r.same = append(r.same, seen)
		} else {
			r.other = append(r.other, id)
		}
	}
	return nil
}

// confirm writes of the leads whose plan stays when and under which rules that was decided.
func (r *replanning) confirm(t *tx) (int, error) {
	if len(r.same) == 0 {
		return 0, nil
	}
	n, err := t.exec(`UPDATE leads SET decided_at = $2, rules_version = $3 WHERE id `+t.d.inSelect(`SELECT l.id FROM `+
		t.d.set(1, "v", "id bigint", "version bigint")+` JOIN leads l ON l.id = v.id AND l.version = v.version WHERE `+staleLead+` ORDER BY l.id`+
		t.d.lock("l", true)), js(r.same), us(r.now), r.rules)
	return int(n), err
}

// replan decides the others again under their locks, as far as they are still left.
func (r *replanning) replan(t *tx) (n int, err error) {
	if len(r.other) == 0 {
		return 0, nil
	}
	k, err := t.load(want{leads: r.other, offering: true})
	if err != nil {
		return 0, err
	}
	for _, id := range inOrder(k.facts) {
		f := k.facts[id]
		l := f.Lead
		stale := l.RulesVersion != f.Campaign.RulesVersion || l.State == campaign.LeadExhausted && l.DecidedAt.Before(r.reopened)
		if stale && l.Assignment == 0 && !gone(l) {
			k.decide(f)
			n++
		}
	}
	return n, k.flush()
}

// staleLeads are the first leads after one, by id, that are left to plan anew. Each version that they were planned
// under is a stretch of the index; there are few.
func (t *tx) staleLeads(id campaign.CampaignID, after campaign.LeadID, limit int) (ids []campaign.LeadID, reopened int64, err error) {
	version, reopened, err := t.rulesOf(id)
	if err != nil {
		return nil, 0, err
	}
	for under := int64(-1); ; {
		var next sql.NullInt64
		if err := t.row(`SELECT min(l.rules_version) FROM leads l WHERE l.campaign_id = $1 AND `+staleLead+` AND l.rules_version > $2`,
			[]any{int64(id), under}, &next); err != nil {
			return nil, 0, err
		}
		if !next.Valid {
			break
		}
		if under = next.Int64; under == version {
			continue
		}
		some, err := idsOf[campaign.LeadID](t, `SELECT l.id FROM leads l WHERE l.campaign_id = $1 AND `+staleLead+` AND l.rules_version = $2
			AND l.id > $3 ORDER BY l.id LIMIT $4`, int64(id), under, int64(after), limit)
		if err != nil {
			return nil, 0, err
		}
		ids = append(ids, some...)
	}
	shut, err := idsOf[campaign.LeadID](t, shutLeads(`l.id`)+` AND l.id > $3 ORDER BY l.id LIMIT $4`, int64(id), reopened, int64(after), limit)
	ids = unique(append(ids, shut...))
	return ids[:min(len(ids), limit)], reopened, err
}

// decideAgain plans the lead anew and says whether that changed nothing but what it was decided under: then it is not
// among what flush writes.
func (k *work) decideAgain(f *campaign.Facts) bool {
	id := f.Lead.ID
	was, state, promise, written := f.Lead.Plan, f.Lead.State, f.Promise, k.planned[id] || k.moved[id]
	k.decide(f)
	if written || f.Lead.State != state || f.Promise != promise || !samePlan(was, f.Lead.Plan, k.t.now) {
		return false
	}
	delete(k.planned, id)
	delete(k.moved, id)
	return true
}

// samePlan says whether a plan made at now is the one that stands. A lead that is due is as due as it was: its plan's
// instants are those at which it came due, and keep its place in the order of offering. One that a claim put off for a limit is
// looked at anew, for limits are among what changes.
func samePlan(was, plan campaign.Plan, now time.Time) bool {
	if was.Verdict != plan.Verdict || was.Number != plan.Number || was.Turn != plan.Turn {
		return false
	}
	if was.Verdict == campaign.VerdictCall && !was.At.After(now) && !plan.At.After(now) {
		if was.Earliest.After(now) && !plan.Earliest.After(now) {
			return false
		}
		return !was.Until.After(now) || was.Until.Equal(plan.Until)
	}
	return was.Reason == plan.Reason && was.At.Equal(plan.At) && was.Until.Equal(plan.Until) && was.Earliest.Equal(plan.Earliest)
}

// leadIDs are the next leads of a campaign, by id, of one list or, 0, of all that are to be seen. Of each list no more
// of its index is read than is wanted.
func (t *tx) leadIDs(of campaign.CampaignID, in campaign.ListID, states []campaign.LeadState, after campaign.LeadID, limit int) ([]campaign.LeadID, error) {
	type stretch struct {
		list campaign.ListID
		next campaign.LeadID
	}
	var lists []stretch
	err := t.each(`SELECT k.id, COALESCE((SELECT min(l.id) FROM leads l WHERE l.list_id = k.id AND l.id > $3), 0) FROM lists k
		WHERE k.campaign_id = $1 AND (CAST($2 AS BIGINT) = 0 OR k.id = $2) AND `+visibleList, []any{int64(of), int64(in), int64(after)}, func(r *sql.Rows) error {
		var s stretch
		err := r.Scan(&s.list, &s.next)
		if s.next > 0 {
			lists = append(lists, s)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(lists, func(a, b stretch) int { return int(a.next - b.next) })
	where, args := ``, []any{}
	if len(states) > 0 {
		where, args = ` AND l.state `+t.d.inText(4), []any{js(states)}
	}
	var ids []campaign.LeadID
	for _, s := range lists {
		if len(ids) == limit && ids[limit-1] < s.next {
			break
		}
		some, err := idsOf[campaign.LeadID](t, `SELECT l.id FROM leads l WHERE l.list_id = $1 AND l.id > $2`+where+` ORDER BY l.id LIMIT $3`,
			append([]any{int64(s.list), int64(after), limit}, args...)...)
		if err != nil {
			return nil, err
		}
		ids = unique(append(ids, some...))
		ids = ids[:min(len(ids), limit)]
	}
	return ids, nil
}
