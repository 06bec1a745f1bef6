package chaos

import (
	"fmt"
	"slices"
	"sync"
	"time"

	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// journal is what the clients were told, in their own words: what was acknowledged must be in the record at the end.
type journal struct {
	mu       sync.Mutex
	light    bool                       // of a long steady load: what went well is only counted
	counted  map[int64]map[string]int64 // light: acknowledged outcomes by campaign and code
	calls    map[int64]*call            // by assignment
	orders   map[string][]*order        // suppressions and their ends, by number
	pauses   []*interval                // of campaigns
	promises []*promise
	imports  []*imported
	lines    map[int64][]string // by lead, for people
	notes    int
}

func newJournal() *journal {
	return &journal{calls: make(map[int64]*call), lines: make(map[int64][]string), orders: make(map[string][]*order), counted: make(map[int64]map[string]int64)}
}

// call is an assignment as its agent knows it. Instants are the client's.
type call struct {
	assignment, lead, campaign int64
	agent                      string
	waived                     bool      // a promise: the campaign's own interval and caps do not bind it
	offered                    time.Time // when its card came
	sent, started              time.Time // StartCall: first sent, acknowledged; zero: not
	placed                     time.Time // as the server says, whole seconds
	shown                      string    // the number that its card stands for
	number                     string    // that was dialled
	lease                      time.Time // as last heard of
	words                      []*word
}

// word is an outcome that was said of a call.
type word struct {
	code, note  string
	booking     *campaignpb.Booking
	sent, acked time.Time
	refused     string // the answer was no; empty: it was not
	late        dialerpb.LateKind
	corrects    bool
}

// order forbids a number, or lifts that.
type order struct {
	number      string
	lift        bool
	sent, acked time.Time
}

// interval is a time in which a campaign was paused for certain.
type interval struct {
	campaign  int64
	from, end time.Time // end: when starting it was asked for
}

// promise is an appointment and what was acknowledged of it.
type promise struct {
	id, lead   int64
	assignment int64 // that it was booked on; 0: none
	local      string
	ended      campaignpb.AppointmentState // as acknowledged; unspecified: by nobody
}

// imported is a file and what must come of it.
type imported struct {
	upload, list, campaign            int64
	rows, leads, problems, duplicates int64
	committed                         bool
}

// note writes a line about a lead, for people.
func (j *journal) note(lead int64, format string, args ...any) {
	if j.light {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines[lead] = append(j.lines[lead], time.Now().UTC().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// with changes the journal.
func (j *journal) with(change func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change()
}

// text is a new note for an outcome, unlike every other.
func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.notes++
	return fmt.Sprint("note ", j.notes)
}

// forbidden says whether a number was suppressed for certain all the time from one instant to the other.
func (j *journal) forbidden(number string, from, to time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.ContainsFunc(j.orders[number], func(s *order) bool {
		return !s.lift && !s.acked.IsZero() && s.acked.Before(from) && !slices.ContainsFunc(j.orders[number], func(l *order) bool {
			return l.lift && l.sent.Before(to) && (l.acked.IsZero() || l.acked.After(s.sent))
		})
	})
}

// paused says whether a campaign was paused for certain all the time from one instant to the other.
func (j *journal) paused(campaign int64, from, to time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.ContainsFunc(j.pauses, func(p *interval) bool {
		return p.campaign == campaign && p.from.Before(from) && (p.end.IsZero() || p.end.After(to))
	})
}

// order keeps an order.
func (j *journal) order(o *order) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.orders[o.number] = append(j.orders[o.number], o)
}

// onCard is a number that an agent looks at and has not dialled; empty: there is none.
func (j *journal) onCard() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range j.calls {
		if c.sent.IsZero() && time.Since(c.offered) < time.Second {
			return c.shown
		}
	}
	return ""
}

// over is told of a call that was concluded. A light journal counts it, if there is no doubt about it, and forgets it.
func (j *journal) over(c *call) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.light || len(c.words) != 1 || c.last() == nil || c.last().late != dialerpb.LateKind_LATE_KIND_UNSPECIFIED {
		return
	}
	if j.counted[c.campaign] == nil {
		j.counted[c.campaign] = make(map[string]int64)
	}
	j.counted[c.campaign][c.last().code]++
	delete(j.calls, c.assignment)
}

// last is the outcome that stands: the last acknowledged one. nil: none was.
func (c *call) last() *word {
	for _, s := range slices.Backward(c.words) {
		if !s.acked.IsZero() && s.late != dialerpb.LateKind_LATE_KIND_WAITS {
			return s
		}
	}
	return nil
}

// released is when the agent no longer holds the lead for certain: its outcome was sent, or its lease ended.
func (c *call) released() time.Time {
	end := c.lease
	for _, s := range c.words {
		if s.sent.Before(end) {
			end = s.sent
		}
	}
	return end
}
