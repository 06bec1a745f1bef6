package dialer

import (
	"testing"
	"time"
)

// What others do to the agents here is seen in time though something is booked all the time and looking ahead is slow.
func TestSessionsAreReadHoweverOftenSomethingIsBooked(t *testing.T) {
	onFloor(t, Options{}, func(w *world) {
		w.agent(1, 1)
		w.desk(1)
		w.sleep(5 * time.Second)
		w.change(func() { w.slow["DuePromises"] = 400 * time.Millisecond })
		w.floor.Wake(1)
		w.sleep(time.Second)
		w.reset()
		for range 2000 {
			w.sleep(10 * time.Millisecond)
			w.floor.Wake(1)
		}
		if n := w.count("Sessions"); n < 9 || n > 11 {
			w.Errorf("in 20 s the sessions were read %d times", n)
		}
		if n := w.count("DuePromises"); n < 4 || n > 6 {
			w.Errorf("in 20 s it was looked ahead %d times, though a look takes 400 ms", n)
		}
		if n := w.count("Agents"); n != 2 {
			w.Errorf("in 20 s the agents were read %d times", n)
		}
	})
}
