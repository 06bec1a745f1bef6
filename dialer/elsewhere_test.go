package dialer

import (
	"testing"
	"time"

	"redial/campaign"
)

// What is promised at another node for an agent who waits here is found by the next look, which costs so little that it
// is made every second.
func TestAPromiseMadeElsewhereIsKnownWithinASecond(t *testing.T) {
	for name, add := range map[string]func(w *world, in time.Duration){
		"a promise": func(w *world, in time.Duration) { w.promise(7, 1, in) },
		"a CALL_LATER": func(w *world, in time.Duration) {
			w.lead(7, func(l *fakeLead) { l.tried, l.owner, l.at = true, 1, clock().Add(in) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, in := range []time.Duration{0, 1500 * time.Millisecond} {
				for _, after := range []time.Duration{7 * time.Second, 7300 * time.Millisecond, 9900 * time.Millisecond} {
					onFloor(t, Options{}, func(w *world) {
						w.agent(1, 1)
						d := w.desk(1)
						w.sleep(after)
						add(w, in)                                                     // and nobody tells this node
						w.change(func() { w.leads[7].guard = clock().Add(time.Hour) }) // the source does not know of it
						w.sleep(max(in, time.Second) + 50*time.Millisecond)
						same(w, "the desk", d.leads(), []campaign.LeadID{7})
					})
				}
			}
		})
	}
}

// A look that takes long, because there is much ahead or the record is laden, is made less often.
func TestALookThatTakesLongIsMadeLessOften(t *testing.T) {
	for took, want := range map[time.Duration]int{0: 60, 20 * time.Millisecond: 59, 50 * time.Millisecond: 24, 200 * time.Millisecond: 12} {
		onFloor(t, Options{}, func(w *world) {
			w.agent(1, 1)
			w.desk(1)
			w.change(func() { w.slow["DuePromises"] = took })
			w.sleep(10 * time.Second)
			w.reset()
			w.sleep(time.Minute)
			if n := w.count("DuePromises"); n < want-want/4-1 || n > want+1 {
				w.Errorf("looks of %v: %d a minute, want about %d", took, n, want)
			}
		})
	}
}
