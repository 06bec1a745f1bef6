package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"redial/campaign"
)

// reporting is one report on its way: which rows of the ledger it is about, and the counts of its parts.
type reporting struct {
	t        *tx
	q        campaign.ReportQuery
	loc      *time.Location
	from, to time.Time
	parts    map[string]*campaign.Counts
}

// Report computes a report from the ledger. All its statements see one state of the record, and the total is computed
// on its own. Errors: KindInvalid by field; KindNotFound the campaign, list or agent that it is narrowed to.
func (s *Store) Report(ctx context.Context, q campaign.ReportQuery) (campaign.Report, error) {
	if err := q.Validate(); err != nil {
		return campaign.Report{}, fmt.Errorf("report: %w", err)
	}
	var out campaign.Report
	err := s.read(atLength(ctx), "report", func(t *tx) error {
		r := &reporting{t: t, q: q}
		if err := r.settle(); err != nil {
			return err
		}
		out = campaign.Report{Query: r.q, From: r.from, To: r.to, At: t.now, Definitions: campaign.ReportDefinitions()}
		var err error
		if out.HistoryFrom, err = t.historyFrom(); err != nil {
			return err
		}
		if err := r.count(r.keys()); err != nil {
			return err
		}
		if out.Rows, err = r.rows(); err != nil {
			return err
		}
		if err := r.count(total); err != nil {
			return err
		}
		whole := r.part("total")
		out.Total = campaign.ReportRow{Key: "total", Label: "Total", Counts: *whole, Figures: whole.Figures()}
		return nil
	})
	return out, err
}

// settle fills in the zone and the bounds, and sees that what is named exists.
func (r *reporting) settle() error {
	zone := "UTC"
	if r.q.Campaign != 0 {
		c, err := r.t.campaign(r.q.Campaign, "")
		if err != nil {
			return err
		}
		zone = c.Zone
	}
	if r.q.List != 0 {
		l, err := r.t.list(r.q.List, "")
		if err != nil {
			return err
		}
		if c, err := r.t.campaign(l.CampaignID, ""); err != nil {
			return err
		} else if r.q.Campaign == 0 {
			zone = c.Zone
		}
	}
	if r.q.Agent != 0 {
		if _, err := r.t.agent(r.q.Agent, `ag.id = $1`, r.q.Agent); err != nil {
			return err
		}
	}
	if r.q.Zone == "" {
		r.q.Zone = zone
	}
	loc, err := campaign.Location(r.q.Zone)
	if err != nil {
		return fmt.Errorf("load the zone of the report: %w", err)
	}
	r.loc = loc
	r.from, r.to = r.q.Bounds(loc, r.t.now)
	return nil
}

// keys are the SQL expressions by which rows of the ledger are told apart, each over its own table.
type keys struct {
	leads, attempts, states, promises string
	name                              func(*reporting, int64) string // what a key is called in the report
}

// quarter is the bucket of the days' key: every zone's offset is a multiple of it, so each falls within one local day.
const quarter = 15 * time.Minute

var total = keys{"0", "0", "0", "0", func(*reporting, int64) string { return "total" }}

func (r *reporting) keys() keys {
	id := func(_ *reporting, n int64) string { return strconv.FormatInt(n, 10) }
	switch r.q.Kind {
	case campaign.ReportCampaign:
		return keys{"l.campaign_id", "t.campaign_id", "s.campaign_id", "p.campaign_id", id}
	case campaign.ReportList:
		return keys{"l.list_id", "t.list_id", "COALESCE(a.list_id, 0)", "COALESCE(l.list_id, 0)", id}
	case campaign.ReportAgent:
		return keys{"0", "t.agent_id", "s.agent_id", "COALESCE(b.agent_id, 0)", id}
	default:
		us := strconv.FormatInt(quarter.Microseconds(), 10)
		return keys{"l.created_at / " + us, "t.placed_at / " + us, "", "p.created_at / " + us, func(r *reporting, n int64) string {
			return campaign.DateOf(time.UnixMicro(n * quarter.Microseconds()).In(r.loc)).String()
		}}
	}
}

func (r *reporting) part(key string) *campaign.Counts {
	if r.parts[key] == nil {
		r.parts[key] = new(campaign.Counts)
	}
	return r.parts[key]
}

// count fills the parts.
func (r *reporting) count(k keys) error {
	r.parts = make(map[string]*campaign.Counts)
	for _, part := range []func(keys) error{r.countLeads, r.countCalls, r.countSpreads, r.countPromises, r.countStates} {
		if err := part(k); err != nil {
			return err
		}
	}
	return nil
}

// narrow are the conditions of the query; each argument names the column that the campaign, list and agent are in, or
// is empty where the rows know none.
func (r *reporting) narrow(instant, inCampaign, inList, ofAgent string) (where string, args []any) {
	where = fmt.Sprintf("%s >= $1 AND %s < $2", instant, instant)
	args = []any{us(r.from), us(r.to)}
	for _, c := range []struct {
		column string
		id     int64
	}{{inCampaign, int64(r.q.Campaign)}, {inList, int64(r.q.List)}, {ofAgent, int64(r.q.Agent)}} {
		if c.id != 0 && c.column != "" {
			args = append(args, c.id)
			where += fmt.Sprintf(" AND %s = $%d", c.column, len(args))
		}
	}
	if len(r.q.Among) > 0 && inCampaign != "" {
		where += " AND " + among(inCampaign, r.q.Among)
	}
	return where, args
}

// getter scans a row but its key and gives the counts that the key is of.
type getter func(dest ...any) (*campaign.Counts, error)

// each runs a query whose first column is the key.
func (r *reporting) each(k keys, query string, args []any, row func(getter) error) error {
	return r.t.each(query, args, func(rows *sql.Rows) error {
		return row(func(dest ...any) (*campaign.Counts, error) {
			var key int64
			if err := rows.Scan(append([]any{&key}, dest...)...); err != nil {
				return nil, err
			}
			return r.part(k.name(r, key)), nil
		})
	})
}

func (r *reporting) countLeads(k keys) error {
	if r.q.Agent != 0 {
		return nil // leads are no agent's
	}
	where, args := r.narrow("l.created_at", "l.campaign_id", "l.list_id", "")
	q := fmt.Sprintf(`SELECT %s, count(*), count(*) FILTER (WHERE l.last_placed > 0), count(*) FILTER (WHERE l.last_placed = 0 AND l.state = 'withdrawn')
		FROM leads l JOIN lists k ON k.id = l.list_id WHERE %s AND %s GROUP BY 1`, k.leads, visibleList, where)
	return r.each(k, q, args, func(get getter) error {
		var leads, tried, withdrawn int64
		c, err := get(&leads, &tried, &withdrawn)
		if err != nil {
			return err
		}
		c.Leads, c.Tried, c.Withdrawn = c.Leads+leads, c.Tried+tried, c.Withdrawn+withdrawn
		return nil
	})
}

// calls are the attempts of the query with their last amendments: key, outcome, talk, wrap, conversation.
func (r *reporting) calls(k keys) (query string, args []any) {
	where, args := r.narrow("t.placed_at", "t.campaign_id", "t.list_id", "t.agent_id")
	return fmt.Sprintf(`WITH last AS (SELECT assignment_id, max(id) AS id FROM amendments GROUP BY assignment_id),
		calls AS (SELECT %s AS key, COALESCE(m.outcome, t.outcome) AS outcome, %s AS talk,
			CASE WHEN t.recorded_at > %s THEN t.recorded_at - %s ELSE 0 END AS wrap, t.campaign_id
		FROM attempts t LEFT JOIN last ON last.assignment_id = t.assignment_id LEFT JOIN amendments m ON m.id = last.id
		WHERE %s) `, k.attempts, "("+ended+" - t.placed_at)", ended, ended, where), args
}

const ended = `(CASE WHEN m.ended_at > 0 THEN m.ended_at ELSE t.ended_at END)`

func (r *reporting) countCalls(k keys) error {
	calls, args := r.calls(k)
	q := calls + `SELECT key, outcome, campaign_id, count(*), sum(talk), sum(wrap) FROM calls GROUP BY 1, 2, 3`
	err := r.each(k, q, args, func(get getter) error {
		var o campaign.Outcome
		var id, n, talk, wrap int64
		c, err := get(outcomeCol{&o}, &id, &n, &talk, &wrap)
		if err != nil {
			return err
		}
		c.Call(o, n)
		if o.Connect() {
			c.Talk.PutSum(micros(talk))
		}
		if o != campaign.Unknown {
			c.Wrap.PutSum(micros(wrap))
			c.Handling.PutSum(micros(talk + wrap))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return r.countConversations(k, calls, args)
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// countConversations counts the connects that reached their campaign's conversation time.
func (r *reporting) countConversations(k keys, calls string, args []any) error {
	type row struct {
		Campaign campaign.CampaignID `json:"id"`
		Least    int64               `json:"least"`
	}
	rows := []row{}
	err := r.t.each(`SELECT `+campaignColumns+` FROM campaigns c`, nil, func(rs *sql.Rows) error {
		c, err := scanCampaign(rs)
		rows = append(rows, row{c.ID, c.Floor.Conversation.Microseconds()})
		return err
	})
	if err != nil {
		return err
	}
	args = append(slices.Clone(args), js(rows))
	q := calls + `SELECT key, count(*) FROM calls JOIN ` + r.t.d.set(len(args), "v", "id bigint", "least bigint") +
		` ON v.id = calls.campaign_id WHERE calls.talk >= v.least AND calls.outcome IN (` + quoted(campaign.Outcome.Connect) + `) GROUP BY 1`
	return r.each(k, q, args, func(get getter) error {
		var n int64
		c, err := get(&n)
		if err != nil {
			return err
		}
		c.Conversations += n
		return nil
	})
}

// quoted are the outcomes that a condition holds for, as SQL texts.
func quoted(which func(campaign.Outcome) bool) string {
	var names []string
	for _, o := range campaign.Outcomes() {
		if which(o) {
			names = append(names, "'"+o.String()+"'")
		}
	}
	return strings.Join(names, ", ")
}

// countSpreads counts durations by whole seconds: as many rows as there are different ones, however many calls.
func (r *reporting) countSpreads(k keys) error {
	calls, args := r.calls(k)
	connects := quoted(campaign.Outcome.Connect)
	q := calls + `SELECT key, what, seconds, count(*) FROM (
		SELECT key, 1 AS what, talk / 1000000 AS seconds FROM calls WHERE outcome IN (` + connects + `)
		UNION ALL SELECT key, 2, wrap / 1000000 FROM calls WHERE outcome <> 'UNKNOWN'
		UNION ALL SELECT key, 3, (talk + wrap) / 1000000 FROM calls WHERE outcome <> 'UNKNOWN') AS spread GROUP BY 1, 2, 3`
	return r.each(k, q, args, func(get getter) error {
		var what, seconds, n int64
		c, err := get(&what, &seconds, &n)
		if err != nil {
			return err
		}
		[]*campaign.Spread{&c.Talk, &c.Wrap, &c.Handling}[what-1].Put(seconds, n)
		return nil
	})
}

func (r *reporting) countPromises(k keys) error {
	where, args := r.narrow("p.created_at", "p.campaign_id", "l.list_id", "b.agent_id")
	q := fmt.Sprintf(`SELECT %s, p.state, count(*) FROM appointments p LEFT JOIN leads l ON l.id = p.lead_id
		LEFT JOIN assignments b ON b.id = p.booked_by WHERE %s GROUP BY 1, 2`, k.promises, where)
	return r.each(k, q, args, func(get getter) error {
		var state campaign.AppointmentState
		var n int64
		c, err := get(&state, &n)
		if err != nil {
			return err
		}
		c.Book(state, n)
		return nil
	})
}
