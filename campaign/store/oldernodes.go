package store

import (
	"context"
	"database/sql"
	"slices"

	"redial/campaign"
)

// TellSubjects lets calls that an older node offered or concluded count on every subject of their leads, as far as they
// are over: such a node knows numbers alone, and leaves what is counted on the person and the account without them or
// as it was reserved. It sees to up to limit calls and says to how many; a second time it finds none of them.
func (s *Store) TellSubjects(ctx context.Context, limit int) (n int, err error) {
	err = s.write(atLength(ctx), "count the calls of older nodes", func(t *tx) error {
		n = 0
		ids, err := t.untoldCalls(limit)
		if err != nil || len(ids) == 0 {
			return err
		}
		n = len(ids)
		k, err := t.load(want{assignments: ids})
		if err != nil {
			return err
		}
		rows, subjects, err := k.untold(ids)
		if err != nil {
			return err
		}
		return t.tellSubjects(ids, rows, subjects, k)
	})
	return n, err
}

// untoldCalls are calls that are over and not told to all their subjects: still reserved on one of them, or offered by
// a node that wrote nothing but the number's.
func (t *tx) untoldCalls(limit int) ([]campaign.AssignmentID, error) {
	ids, err := idsOf[campaign.AssignmentID](t, `SELECT DISTINCT s.assignment_id FROM subject_uses s JOIN assignments a ON a.id = s.assignment_id
		WHERE s.outcome = '' AND a.closed_at > 0 ORDER BY s.assignment_id LIMIT $1`, limit)
	if err != nil || len(ids) == limit {
		return ids, err
	}
	more, err := idsOf[campaign.AssignmentID](t, `SELECT s.assignment_id FROM subject_uses s WHERE s.phone = '' AND NOT s.outside AND s.outcome <> ''
		ORDER BY s.assignment_id LIMIT $1`, limit-len(ids))
	return unique(append(ids, more...)), err
}

// toldRow is a call as it counts on one subject.
type toldRow struct {
	useRow
	Campaign campaign.CampaignID `json:"campaign_id"`
	Lead     campaign.LeadID     `json:"lead_id"`
	Phone    campaign.Phone      `json:"phone"`
}

// subjectsRow is whose uses a call is kept for.
type subjectsRow struct {
	ID       campaign.AssignmentID `json:"id"`
	Subjects string                `json:"subjects"`
}

// untold reads what is known of the calls from their numbers, for the other subjects. A reservation that is gone from
// the number is freed on the others.
func (k *work) untold(ids []campaign.AssignmentID) (rows []toldRow, subjects []subjectsRow, err error) {
	known := make(map[campaign.AssignmentID]useRow, len(ids))
	err = k.t.each(`SELECT s.subject_id, s.assignment_id, s.placed_at, s.outcome, s.counted, s.talk_us FROM assignments a JOIN subject_uses s
		ON s.subject_id = a.subject_id AND s.assignment_id = a.id WHERE a.id `+k.t.d.in(1), []any{js(ids)}, func(r *sql.Rows) error {
		var u useRow
		err := r.Scan(&u.Subject, &u.Assignment, &u.Placed, outcomeCol{&u.Outcome}, &u.Counted, &u.Talk)
		known[u.Assignment] = u
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		a := k.assignments[id]
		if a == nil || a.State.Open() {
			continue
		}
		u, placed := known[id]
		if !placed {
			k.free(a)
			continue
		}
		all := a.Subjects
		if f := k.facts[a.LeadID]; f != nil && len(all) == 1 {
			all = unique(append(slices.Clone(all), k.subjectsOf(f.Lead)...))
		}
		for _, u.Subject = range all {
			rows = append(rows, toldRow{u, a.CampaignID, a.LeadID, a.Number})
		}
		subjects = append(subjects, subjectsRow{id, js(all)})
	}
	return rows, subjects, nil
}

func (t *tx) tellSubjects(ids []campaign.AssignmentID, rows []toldRow, subjects []subjectsRow, k *work) error {
	err := setRows(t, `INSERT INTO subject_uses (subject_id, assignment_id, campaign_id, lead_id, placed_at, placed, outcome, counted, talk_us, phone)
		SELECT v.subject_id, v.assignment_id, v.campaign_id, v.lead_id, v.placed_at, TRUE, v.outcome, v.counted, v.talk_us, v.phone FROM `+
		t.d.set(1, "v", "subject_id bigint", "assignment_id bigint", "campaign_id bigint", "lead_id bigint", "placed_at bigint", "outcome text",
			"counted boolean", "talk_us bigint", "phone text")+` WHERE TRUE ON CONFLICT (subject_id, assignment_id) DO UPDATE SET
		placed_at = excluded.placed_at, placed = TRUE, outcome = excluded.outcome, counted = excluded.counted, talk_us = excluded.talk_us,
		phone = excluded.phone`, rows)
	if err != nil {
		return err
	}
	if err := setRows(t, `UPDATE assignments AS a SET subjects = v.subjects FROM `+t.d.set(1, "v", "id bigint", "subjects text")+
		` WHERE a.id = v.id`, subjects); err != nil {
		return err
	}
	if err := k.flush(); err != nil {
		return err
	}
	// Of calls whose assignment is history the number is known by the subject alone.
	_, err = t.exec(`UPDATE subject_uses SET phone = COALESCE((SELECT u.key FROM subjects u WHERE u.id = subject_uses.subject_id), '?')
		WHERE phone = '' AND NOT outside AND assignment_id `+t.d.in(1), js(ids))
	return err
}
