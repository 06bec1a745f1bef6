package sim

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"redial/campaign"
)

//go:embed default.json
var defaultJSON []byte

// Table is what the simulated world does, as data: who answers at which hour and attempt, what is said, and how long
// it takes. Its JSON form is default.json's; every figure there carries the assumption behind it.
type Table struct {
	ringTime  time.Duration
	human     [24]float64 // chance of a human answer by hour, on the first attempt
	attempts  []attempt
	talks     []slice   // what a human answer comes to; cumulated, ends at 1
	otherwise [][]slice // by attempt, like attempts; cumulated, ends at 1
	times     [campaign.NumOutcomes]*times
}

type attempt struct{ human, bad float64 }

type slice struct {
	upTo    float64
	outcome campaign.Outcome
}

type times struct{ ring, talk, wrap spread }

// spread is a log-normal time within bounds, in seconds.
type spread struct{ median, sigma, least, most float64 }

// The JSON form.
type (
	document struct {
		About     string        `json:"about"`
		RingTime  float64       `json:"ring_time"`
		Hours     []hourRow     `json:"hours"`
		Attempts  []attemptRow  `json:"attempts"`
		Human     []outcomeRow  `json:"human"`
		Otherwise []outcomeRow  `json:"otherwise"`
		Times     []durationRow `json:"times"`
	}
	hourRow struct {
		From  int     `json:"from"`
		To    int     `json:"to"`
		Human float64 `json:"human"`
		Why   string  `json:"why"`
	}
	attemptRow struct {
		Human float64 `json:"human"`
		Bad   float64 `json:"bad"`
		Why   string  `json:"why"`
	}
	outcomeRow struct {
		Outcome campaign.Outcome `json:"outcome"`
		Share   float64          `json:"share"`
		Why     string           `json:"why"`
	}
	durationRow struct {
		Outcome campaign.Outcome `json:"outcome"`
		Ring    [4]float64       `json:"ring"`
		Talk    [4]float64       `json:"talk"`
		Wrap    [4]float64       `json:"wrap"`
		Why     string           `json:"why"`
	}
)

// Default is the table that comes with the program. A table is never changed, so it may be shared.
var Default = sync.OnceValue(func() *Table {
	t, err := Load(bytes.NewReader(defaultJSON))
	if err != nil {
		panic(err) // the embedded file is held by a test
	}
	return t
})

// Load reads a table. Errors are of kind KindInvalid and name the row.
func Load(r io.Reader) (*Table, error) {
	var doc document
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, campaign.Invalid("table", fmt.Sprintf("is no table of outcomes: %v", err))
	}
	if dec.More() {
		return nil, campaign.Invalid("table", "has something behind its end")
	}
	if !(doc.RingTime >= 1 && doc.RingTime <= 600) {
		return nil, campaign.Invalid("ring_time", "must be 1 to 600 seconds")
	}
	t := &Table{ringTime: seconds(doc.RingTime)}
	for _, read := range []func(*document) error{t.readHours, t.readAttempts, t.readShares, t.readTimes} {
		if err := read(&doc); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *Table) readHours(doc *document) error {
	next := 0
	for i, row := range doc.Hours {
		field := fmt.Sprintf("hours[%d]", i)
		switch {
		case row.From != next || row.To <= row.From || row.To > 24:
			return campaign.Invalid(field, fmt.Sprintf("must begin at %d, where the row before ends, and end by 24", next))
		case !share(row.Human):
			return campaign.Invalid(field+".human", "must be 0 to 1")
		case row.Why == "":
			return noReason(field)
		}
		for h := row.From; h < row.To; h++ {
			t.human[h] = row.Human
		}
		next = row.To
	}
	if next != 24 {
		return campaign.Invalid("hours", fmt.Sprintf("end at %d: they must cover the day", next))
	}
	return nil
}

func (t *Table) readAttempts(doc *document) error {
	for i, row := range doc.Attempts {
		field := fmt.Sprintf("attempts[%d]", i)
		if !share(row.Human) || !share(row.Bad) {
			return campaign.Invalid(field, "human and bad must be 0 to 1")
		}
		if row.Why == "" {
			return noReason(field)
		}
		t.attempts = append(t.attempts, attempt{row.Human, row.Bad})
	}
	if len(t.attempts) == 0 {
		return campaign.Invalid("attempts", "needs at least the first attempt")
	}
	return nil
}

func (t *Table) readShares(doc *document) (err error) {
	if t.talks, err = cumulate("human", doc.Human, true, 1); err != nil {
		return err
	}
	for _, a := range t.attempts {
		list, err := cumulate("otherwise", doc.Otherwise, false, a.bad)
		if err != nil {
			return err
		}
		t.otherwise = append(t.otherwise, list)
	}
	return nil
}

// cumulate checks a list of shares and adds them up, those of bad data weakened by bad.
func cumulate(name string, rows []outcomeRow, connect bool, bad float64) ([]slice, error) {
	whole, sum := 0.0, 0.0
	list := make([]slice, len(rows))
	for i, row := range rows {
		field := fmt.Sprintf("%s[%d]", name, i)
		switch {
		case row.Outcome == campaign.NoOutcome:
			return nil, campaign.Invalid(field+".outcome", "is missing")
		case !share(row.Share):
			return nil, campaign.Invalid(field+".share", "must be 0 to 1")
		case row.Outcome.Connect() != connect:
			return nil, campaign.Invalid(field+".outcome", row.Outcome.String()+" belongs in the other list: human holds the answers by a human")
		case row.Why == "":
			return nil, noReason(field)
		}
		whole += row.Share
		part := row.Share
		if row.Outcome.BadData() && !connect {
			part *= bad
		}
		sum += part
		list[i] = slice{sum, row.Outcome}
	}
	if math.Abs(whole-1) > 1e-6 || sum <= 0 {
		return nil, campaign.Invalid(name, fmt.Sprintf("the shares add up to %g, not to 1", whole))
	}
	for i := range list {
		list[i].upTo /= sum
	}
	list[len(list)-1].upTo = 1
	return list, nil
}

func (t *Table) readTimes(doc *document) error {
	for i, row := range doc.Times {
		field := fmt.Sprintf("times[%d]", i)
		if row.Why == "" {
			return noReason(field)
		}
		if row.Outcome == campaign.NoOutcome {
			return campaign.Invalid(field+".outcome", "is missing")
		}
		if t.times[row.Outcome] != nil {
			return campaign.Invalid(field+".outcome", row.Outcome.String()+" has a row already")
		}
		entry := &times{toSpread(row.Ring), toSpread(row.Talk), toSpread(row.Wrap)}
		if err := errors.Join(entry.ring.check(field+".ring"), entry.talk.check(field+".talk"), entry.wrap.check(field+".wrap")); err != nil {
			return err
		}
		if answered(row.Outcome) != (entry.talk.most > 0) {
			return campaign.Invalid(field+".talk", "is for calls that are answered, and for all of those")
		}
		t.times[row.Outcome] = entry
	}
	for _, list := range [][]slice{t.talks, t.otherwise[0]} {
		for _, s := range list {
			if t.times[s.outcome] == nil {
				return campaign.Invalid("times", "has no row for "+s.outcome.String())
			}
		}
	}
	return nil
}

func toSpread(v [4]float64) spread { return spread{v[0], v[1], v[2], v[3]} }

func (s spread) check(field string) error {
	if s.least < 0 || s.sigma < 0 || s.sigma > 3 || s.median < s.least || s.median > s.most || s.most > 86400 {
		return campaign.Invalid(field, "must be [median, spread, least, most] in seconds, with least <= median <= most <= 86400 and spread 0 to 3")
	}
	return nil
}

func noReason(field string) error {
	return campaign.Invalid(field+".why", "every figure needs the assumption behind it")
}

func share(v float64) bool { return v >= 0 && v <= 1 }

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }
