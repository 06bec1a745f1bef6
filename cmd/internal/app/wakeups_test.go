package app

import (
	"errors"
	"slices"
	"testing"
)

// A node that took the day's slot and failed used to leave the day's work undone: the slot was gone.
func TestWorkWhoseSlotWasTakenIsComeBackToUntilItIsDone(t *testing.T) {
	t.Parallel()
	fault := errors.New("the database is away")
	var house owed
	var got []string
	round := func(taken bool, failure error) error {
		got = append(got, "|")
		return house.do(func() (bool, error) { got = append(got, "slot"); return taken, nil },
			func() error { got = append(got, "work"); return failure })
	}
	for _, r := range []struct {
		taken   bool
		failure error
	}{{true, fault}, {false, fault}, {false, nil}, {false, nil}, {true, nil}} {
		if err := round(r.taken, r.failure); err != nil && !errors.Is(err, fault) {
			t.Error(err)
		}
	}
	want := []string{"|", "slot", "work", "|", "work", "|", "work", "|", "slot", "|", "slot", "work"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
