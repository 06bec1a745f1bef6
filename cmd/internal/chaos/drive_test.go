package chaos

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	campaignpb "redial/proto/campaign/v1"
)

// drive is a campaign, with the few of its rules that the clients hold it to by their own notes. They are short, so that
// leads come again and again.
type drive struct {
	id               int64
	name             string
	interval, busy   time.Duration // waits after any outcome, after BUSY
	capMax           int           // of calls to a number in capPeriod
	capPeriod, lease time.Duration
	phones           phones
}

// networkRetry is the wait after a call that the network did not put through.
const networkRetry = time.Second

func (d *drive) campaign() *campaignpb.Campaign {
	none := int32(0)
	return &campaignpb.Campaign{
		Name: d.name, Zone: "Etc/UTC", Region: "US",
		Rules: &campaignpb.Rules{
			Hours:    []*campaignpb.Window{{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, Open: "00:00", Close: "24:00"}},
			Interval: durationpb.New(d.interval), NetworkRetry: durationpb.New(networkRetry), MaxPerDay: &none,
			Intervals: []*campaignpb.OutcomeInterval{{Outcome: campaignpb.Outcome_OUTCOME_BUSY, Interval: durationpb.New(d.busy)}},
			Caps:      []*campaignpb.Cap{{Scope: campaignpb.CapScope_CAP_SCOPE_NUMBER, Max: int32(d.capMax), Period: durationpb.New(d.capPeriod)}},
		},
		Floor: &campaignpb.FloorSettings{
			RemindBefore: durationpb.New(2 * time.Second), OwnerWait: durationpb.New(2 * time.Second), Grace: durationpb.New(20 * time.Second),
			OfferTime: durationpb.New(2 * time.Second), WrapUp: durationpb.New(time.Second), Lease: durationpb.New(d.lease),
		},
	}
}

// phones gives out numbers that nobody had, and remembers them.
type phones struct {
	from int

	mu sync.Mutex
	n  int
}

// areas are spread over zones.
var areas = []string{"212", "415", "312", "206", "305", "617", "303", "808"}

func phone(i int) string {
	return fmt.Sprintf("+1%s%03d%04d", areas[i%len(areas)], 230+i/80_000, i/8%10_000)
}

// shownNumber is the number of the lead with that name; empty: it is none of ours.
func shownNumber(name string) string {
	i, err := strconv.Atoi(strings.TrimPrefix(name, "Lead "))
	if err != nil {
		return ""
	}
	return phone(i)
}

// some is a number that was given out.
func (p *phones) some(r int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return phone(p.from + r%max(p.n, 1))
}

// file is a list of new leads, with rows that must not become leads: every 20th is no number, every 15th came before.
func (p *phones) file(rows int) (text string, want imported) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	b.WriteString("id,name,phone\n")
	last := ""
	for i := range rows {
		switch {
		case i%20 == 19:
			fmt.Fprintf(&b, "bad%d,Nobody,12\n", i)
			want.problems++
			continue
		case i%15 == 14:
			fmt.Fprintf(&b, "dup%d,Twin,%s\n", i, last)
			want.duplicates++
			continue
		}
		last = phone(p.from + p.n)
		fmt.Fprintf(&b, "%d,Lead %d,%s\n", p.from+p.n, p.from+p.n, last)
		p.n++
		want.leads++
	}
	want.rows = int64(rows)
	return b.String(), want
}
