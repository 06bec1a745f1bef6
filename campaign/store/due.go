package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"redial/campaign"
)

// sortCallbacks puts the earliest first.
func sortCallbacks(all []campaign.Callback) {
	slices.SortFunc(all, func(a, b campaign.Callback) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Lead, b.Lead))
	})
}

// groupsAtOnce is how many calendar groups one statement looks into: SQLite takes 500 parts of a UNION at most.
const groupsAtOnce = 100

// Groups are the calendar groups of the campaign's lists that are active and switched on.
func (s *Store) Groups(ctx context.Context, id campaign.CampaignID) ([]campaign.Group, error) {
	var out []campaign.Group
	err := s.peek(ctx, "read calendar groups", func(t *tx) error {
		out = nil
		return t.each(`SELECT g.id, g.campaign_id, g.list_id, g.zones, g.calendar, k.hours, k.calendars, k.priority FROM calendar_groups g JOIN lists k ON k.id = g.list_id
			WHERE g.campaign_id = $1 AND k.state = 'active' AND k.is_on ORDER BY g.id`, []any{int64(id)}, func(r *sql.Rows) error {
			var g campaign.Group
			err := r.Scan(&g.ID, &g.CampaignID, &g.ListID, sitesCol{&g.Sites}, sitesCol{&g.Sites}, jsonCol{&g.Hours}, jsonCol{&g.Calendars}, &g.Priority)
			out = append(out, g)
			return err
		})
	})
	return out, err
}

// DueLeads are leads of the open groups that wait for nothing but an agent, in the order of offering. Closed groups
// are never looked into, and of an open one only as much of its due indexes as is asked for. Among more due tried leads
// than a few times q.Tried those that wait longest are looked at first, rolled over or not; with q.Mix those whose turn
// is next are looked at besides.
func (s *Store) DueLeads(ctx context.Context, q campaign.DueQuery) ([]campaign.Due, error) {
	var out []campaign.Due
	err := s.read(ctx, "find due leads", func(t *tx) error {
		tried, err := t.dueTried(q)
		if err != nil {
			return err
		}
		fresh, err := t.dueFresh(q)
		out = append(tried, fresh...)
		return err
	})
	return out, err
}

// dueTriedPart looks into the index leads_tried for a group, and no further than a limit.
const dueTriedPart = `SELECT l.id, l.group_id, l.earliest, l.last_placed, l.priority, l.turn FROM leads l
	WHERE l.group_id = %d AND l.state = 'open' AND l.verdict = 'call' AND l.last_placed > 0 AND l.earliest <= $1
	ORDER BY l.earliest LIMIT %d`

// dueTurnsPart looks into the index leads_turn for a group: the turns up to today's last.
const dueTurnsPart = `SELECT l.id, l.group_id, l.earliest, l.last_placed, l.priority, l.turn FROM leads l
	WHERE l.group_id = %d AND l.state = 'open' AND l.verdict = 'call' AND l.turn > 0 AND l.turn < %d AND l.earliest <= $1
	ORDER BY l.turn LIMIT %d`

// turnsPerDay is how many places Plan.Turn has for a day.
const turnsPerDay = 4096

func (t *tx) dueTried(q campaign.DueQuery) ([]campaign.Due, error) {
	if q.Tried <= 0 {
		return nil, nil
	}
	window := max(4*q.Tried, 256)
	groups := byGroup(q.Groups)
	scan := func(r *sql.Rows) (campaign.Due, error) {
		d := campaign.Due{Tried: true}
		var placed time.Time
		err := r.Scan(&d.Lead, &d.Group, usTime{&d.Earliest}, usTime{&placed}, &d.Priority, &d.Turn)
		g := groups[d.Group]
		d.RolledOver, d.ListPriority = placed.Before(g.Midnight), g.Priority
		if !q.Mix || !d.RolledOver || d.Turn >= (g.Day+1)*turnsPerDay {
			d.Turn = 0
		}
		return d, err
	}
	out, err := t.firstOf(q.Groups, window, q.Now, scan, func(a, b campaign.Due) int { return a.Earliest.Compare(b.Earliest) },
		func(g campaign.OpenGroup, limit int) string { return fmt.Sprintf(dueTriedPart, int64(g.ID), limit) })
	if err == nil && q.Mix {
		var turns []campaign.Due
		turns, err = t.firstOf(q.Groups, window, q.Now, scan, func(a, b campaign.Due) int { return cmp.Compare(a.Turn, b.Turn) },
			func(g campaign.OpenGroup, limit int) string {
				return fmt.Sprintf(dueTurnsPart, int64(g.ID), (g.Day+1)*turnsPerDay, limit)
			})
		out = append(out, turns...)
	}
	slices.SortFunc(out, compareTried)
	out = slices.CompactFunc(out, func(a, b campaign.Due) bool { return a.Lead == b.Lead })
	return out[:min(len(out), q.Tried)], err
}

// firstOf gives the first n rows of all groups together, in an order in which the part reads each group. Of many groups
// a little is read of each, then more of those whose last row is still among the first n.
func (t *tx) firstOf(groups []campaign.OpenGroup, n int, now time.Time, scan func(*sql.Rows) (campaign.Due, error),
	order func(a, b campaign.Due) int, part func(g campaign.OpenGroup, limit int) string,
) ([]campaign.Due, error) {
	of := make(map[campaign.GroupID][]campaign.Due)
	var all []campaign.Due
	for limit := min(4+2*n/max(len(groups), 1), n); len(groups) > 0; limit = min(4*limit, n) {
		for _, g := range groups {
			delete(of, g.ID)
		}
		err := t.eachGroup(groups, func(g campaign.OpenGroup) string { return part(g, limit) }, []any{us(now)}, func(r *sql.Rows) error {
			d, err := scan(r)
			of[d.Group] = append(of[d.Group], d)
			return err
		})
		if err != nil {
			return nil, err
		}
		all = all[:0]
		for _, id := range inOrder(of) {
			all = append(all, of[id]...)
		}
		slices.SortStableFunc(all, order)
		all = all[:min(len(all), n)]
		groups = slices.DeleteFunc(slices.Clone(groups), func(g campaign.OpenGroup) bool {
			mine := of[g.ID]
			return limit == n || len(mine) < limit || len(all) == n && order(mine[len(mine)-1], all[n-1]) >= 0
		})
	}
	return all, nil
}

// compareTried is the order of offering among tried leads: those that rolled over first, of them those without a turn,
// then by turn; each by the instant they waited for.
func compareTried(a, b campaign.Due) int {
	return cmp.Or(-compareBool(a.RolledOver, b.RolledOver), cmp.Compare(a.Turn, b.Turn), a.Earliest.Compare(b.Earliest), cmp.Compare(a.Lead, b.Lead))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func byGroup(groups []campaign.OpenGroup) map[campaign.GroupID]campaign.OpenGroup {
	out := make(map[campaign.GroupID]campaign.OpenGroup, len(groups))
	for _, g := range groups {
		out[g.ID] = g
	}
	return out
}

// eachGroup runs one SELECT for each group in as few statements as may be.
func (t *tx) eachGroup(groups []campaign.OpenGroup, part func(campaign.OpenGroup) string, args []any, scan func(*sql.Rows) error) error {
	for some := range slices.Chunk(groups, groupsAtOnce) {
		parts := make([]string, len(some))
		for i, g := range some {
			parts[i] = fmt.Sprintf(`SELECT * FROM (%s) AS p%d`, part(g), i)
		}
		if err := t.each(strings.Join(parts, ` UNION ALL `), args, scan); err != nil {
			return err
		}
	}
	return nil
}

// dueFreshPart looks into the index leads_fresh for a group.
const dueFreshPart = `SELECT l.id, l.group_id, l.earliest, l.priority FROM leads l
	WHERE l.group_id = %d AND l.state = 'open' AND l.verdict = 'call' AND l.last_placed = 0 AND l.earliest <= $1
	ORDER BY l.priority DESC, l.id LIMIT %d`

// dueFresh goes through the lists by priority and stops when it has enough.
func (t *tx) dueFresh(q campaign.DueQuery) ([]campaign.Due, error) {
	var out []campaign.Due
	groups := slices.Clone(q.Groups)
	slices.SortFunc(groups, func(a, b campaign.OpenGroup) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.ID, b.ID))
	})
	for len(groups) > 0 && len(out) < q.Fresh {
		n := 1
		for n < len(groups) && groups[n].Priority == groups[0].Priority {
			n++
		}
		scan := func(r *sql.Rows) (campaign.Due, error) {
			d := campaign.Due{ListPriority: groups[0].Priority}
			err := r.Scan(&d.Lead, &d.Group, usTime{&d.Earliest}, &d.Priority)
			return d, err
		}
		tier, err := t.firstOf(groups[:n], q.Fresh-len(out), q.Now, scan, func(a, b campaign.Due) int {
			return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Lead, b.Lead))
		}, func(g campaign.OpenGroup, limit int) string { return fmt.Sprintf(dueFreshPart, int64(g.ID), limit) })
		if err != nil {
			return nil, err
		}
		out = append(out, tier...)
		groups = groups[n:]
	}
	return out, nil
}

// NextDue is the first instant after q.Now at which a lead of the groups comes due; zero: none waits.
func (s *Store) NextDue(ctx context.Context, q campaign.NextQuery) (time.Time, error) {
	groups := make([]campaign.OpenGroup, len(q.Groups))
	for i, id := range q.Groups {
		groups[i].ID = id
	}
	var next time.Time
	err := s.read(ctx, "find the next due instant", func(t *tx) error {
		next = time.Time{}
		first := func(r *sql.Rows) error {
			var at time.Time
			err := r.Scan(usTime{&at})
			next = oldest(next, at)
			return err
		}
		err := t.eachGroup(groups, func(g campaign.OpenGroup) string { return fmt.Sprintf(nextTriedPart, int64(g.ID)) }, []any{us(q.Now)}, first)
		if err != nil {
			return err
		}
		return t.eachGroup(groups, func(g campaign.OpenGroup) string { return fmt.Sprintf(nextFreshPart, int64(g.ID)) }, []any{us(q.Now)}, first)
	})
	return next, err
}

const (
	nextTriedPart = `SELECT l.earliest FROM leads l WHERE l.group_id = %d AND l.state = 'open' AND l.verdict = 'call'
		AND l.last_placed > 0 AND l.earliest > $1 ORDER BY l.earliest LIMIT 1`
	// Fresh leads wait only when they were put off: then the instant lies after that of the decision, and in leads_put.
	nextFreshPart = `SELECT l.earliest FROM leads l WHERE l.group_id = %d AND l.state = 'open' AND l.verdict = 'call'
		AND l.last_placed = 0 AND l.earliest > l.decided_at AND l.earliest > $1 ORDER BY l.earliest LIMIT 1`
)
