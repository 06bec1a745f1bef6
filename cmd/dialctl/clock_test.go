package main

import (
	"strings"
	"testing"
	"time"
)

func TestAClockThatIsOffIsToldWithAWord(t *testing.T) {
	for ahead, want := range map[time.Duration]string{
		1500 * time.Microsecond: "the database's is 2ms ahead of the node's",
		-time.Minute:            "the database's is 1m0s behind the node's: see to",
		3 * time.Second:         "the database's is 3s ahead of the node's: see to",
	} {
		if got := clockWords(ahead); !strings.HasPrefix(got, want) || strings.Contains(got, "see to") != strings.Contains(want, "see to") {
			t.Errorf("%v: %q, want %q", ahead, got, want)
		}
	}
}
