package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"redial/campaign"
)

// Sequence numbers up to limit committed events and puts them into the stream; it says how many. Only the holder of
// the lease Elected may, by its epoch: two sequencers would let a reader skip events. Within a lead the order is that in which
// its row was locked; a long import does not hold the stream up.
func (s *Store) Sequence(ctx context.Context, epoch int64, limit int) (int, error) {
	var n int
	err := s.write(ctx, "number events", func(t *tx) error {
		n = 0
		if err := t.fenced(Elected, epoch); err != nil {
			return err
		}
		ids, err := idsOf[campaign.EventID](t, `SELECT id FROM outbox ORDER BY id LIMIT $1`, limit)
		if err != nil || len(ids) == 0 {
			return err
		}
		n = len(ids)
		var last int64
		if err := t.row(`SELECT COALESCE(max(seq), 0) FROM events`, nil, &last); err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO events (seq, id, type, at, campaign_id, list_id, lead_id, agent_id, data)
			SELECT $2 + row_number() OVER (ORDER BY o.id), o.id, o.type, o.at, o.campaign_id, o.list_id, o.lead_id, o.agent_id, o.data
			FROM outbox o WHERE o.id `+t.d.in(1), js(ids), last); err != nil {
			return err
		}
		_, err = t.exec(`DELETE FROM outbox WHERE id `+t.d.in(1), js(ids))
		return err
	})
	return n, err
}

// Stream is how the stream of events stands.
func (s *Store) Stream(ctx context.Context) (campaign.Stream, error) {
	var out campaign.Stream
	err := s.peek(ctx, "look at the stream of events", func(t *tx) error {
		return t.row(`SELECT (SELECT id FROM epochs ORDER BY n DESC LIMIT 1), (SELECT COALESCE(max(seq), 0) FROM events),
			(SELECT dropped FROM stream_edge), (SELECT COALESCE(min(id), 0) FROM outbox), (SELECT COALESCE(max(id), 0) FROM outbox)`, nil,
			&out.Epoch, &out.Last, &out.Dropped, &out.FirstWaiting, &out.LastWaiting)
	})
	return out, err
}

// Resume is the number of a place in the stream as it is numbered now: one of before a restore goes on behind what is
// left of its time. The zero place is before the oldest event kept. Errors: KindInvalid with CURSOR_TOO_OLD when events
// after it were dropped, or with CURSOR_FOREIGN when it is none of this record's.
func (s *Store) Resume(ctx context.Context, p campaign.Place) (seq int64, err error) {
	now, err := s.Stream(ctx)
	if err != nil {
		return 0, err
	}
	if p == (campaign.Place{}) {
		return now.Dropped, nil
	}
	seq = p.Seq
	if p.Epoch == now.Epoch {
		if seq > now.Last {
			return 0, fmt.Errorf("resume the stream of events: %w", campaign.ForeignCursor())
		}
	} else {
		var kept int64
		err := s.peek(ctx, "look for an epoch of the stream", func(t *tx) error {
			return t.row(`SELECT f.last_before FROM epochs e JOIN epochs f ON f.n = e.n + 1 WHERE e.id = $1`, []any{p.Epoch}, &kept)
		})
		if errors.Is(err, sql.ErrNoRows) {
			return 0, fmt.Errorf("resume the stream of events: %w", campaign.ForeignCursor())
		}
		if err != nil {
			return 0, err
		}
		seq = min(seq, kept)
	}
	if seq < now.Dropped {
		return 0, campaign.CursorTooOld(campaign.Place{Epoch: now.Epoch, Seq: now.Dropped})
	}
	return seq, nil
}

// Bounds of one look into the stream.
const (
	lookRange  = 5000    // numbers
	lookEvents = 500     // events that are told
	lookBytes  = 1 << 20 // of their data
)

var errEnough = errors.New("enough was read")

// Events looks at the events after one number up to another, no more of them than one look may, and tells those that
// are asked for. What it told is what there was: errors are KindInvalid with CURSOR_TOO_OLD when some were dropped.
func (s *Store) Events(ctx context.Context, after, to int64, f campaign.EventFilter) (campaign.EventPage, error) {
	p := campaign.EventPage{Next: min(to, after+lookRange)}
	var dropped int64
	if err := s.peek(ctx, "read events", func(t *tx) (err error) {
		p.Events, dropped, err = t.events(after, &p.Next, f)
		return err
	}); err != nil {
		return campaign.EventPage{}, err
	}
	if len(p.Events) == 0 {
		if err := s.passOver(ctx, &p, &dropped, to); err != nil {
			return campaign.EventPage{}, err
		}
	}
	if after < dropped {
		now, err := s.Stream(ctx)
		if err != nil {
			return campaign.EventPage{}, err
		}
		return campaign.EventPage{}, campaign.CursorTooOld(campaign.Place{Epoch: now.Epoch, Seq: now.Dropped})
	}
	return p, s.introduce(ctx, p.Events)
}

// passOver moves a page in which nothing was asked for to just before the next event: behind a restore is a gap. How far
// retention dropped is read after what it might have dropped.
func (s *Store) passOver(ctx context.Context, p *campaign.EventPage, dropped *int64, to int64) error {
	return s.peek(ctx, "pass over events", func(t *tx) error {
		return t.row(`SELECT COALESCE(min(e.seq) - 1, $2), (SELECT x.dropped FROM stream_edge x) FROM events e WHERE e.seq > $1 AND e.seq <= $2`,
			[]any{p.Next, to}, &p.Next, dropped)
	})
}

// events reads those of a range until it is enough, and then moves the end of the range to the last one read.
func (t *tx) events(after int64, to *int64, f campaign.EventFilter) (out []campaign.ToldEvent, dropped int64, err error) {
	bytes := 0
	err = t.each(`SELECT `+eventColumns+`, (SELECT x.dropped FROM stream_edge x) FROM events e WHERE e.seq > $1 AND e.seq <= $2
		AND ($3 = '[]' OR e.campaign_id `+t.d.in(3)+` OR (e.campaign_id = 0 AND e.type IN ('suppressed', 'suppression_lifted', 'record_restored')))
		AND ($4 = '[]' OR e.type = 'record_restored' OR e.type `+t.d.inText(4)+`) ORDER BY e.seq LIMIT $5`,
		[]any{after, *to, js(list(f.Campaigns)), js(list(f.Types)), lookEvents}, func(r *sql.Rows) error {
			e, err := scanEvent(r, &dropped)
			if err != nil {
				return err
			}
			out = append(out, campaign.ToldEvent{Event: e})
			if bytes += len(e.Data); bytes >= lookBytes || len(out) == lookEvents {
				*to = e.Seq
				return errEnough
			}
			return nil
		})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, dropped, err
}

// introduce adds the names by which leads and agents are known outside.
func (s *Store) introduce(ctx context.Context, events []campaign.ToldEvent) error {
	leads, agents := make(map[campaign.LeadID][]int), make(map[campaign.AgentID][]int)
	for i := range events {
		if e := &events[i]; e.LeadID != 0 {
			leads[e.LeadID] = append(leads[e.LeadID], i)
		}
		if e := &events[i]; e.AgentID != 0 {
			agents[e.AgentID] = append(agents[e.AgentID], i)
		}
	}
	if len(leads) > 0 {
		err := s.peek(ctx, "name the leads of events", func(t *tx) error {
			return t.each(`SELECT l.id, l.source, l.external_id, l.erased_at FROM leads l WHERE l.id `+t.d.in(1), []any{js(inOrder(leads))}, func(r *sql.Rows) error {
				var id campaign.LeadID
				var source, external string
				var erased int64
				err := r.Scan(&id, &source, &external, &erased)
				for _, i := range leads[id] {
					events[i].Source, events[i].ExternalID, events[i].Erased = source, external, erased != 0
				}
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	if len(agents) == 0 {
		return nil
	}
	logins, err := s.AgentLogins(ctx, inOrder(agents))
	for id, at := range agents {
		for _, i := range at {
			events[i].AgentLogin = logins[id]
		}
	}
	return err
}
