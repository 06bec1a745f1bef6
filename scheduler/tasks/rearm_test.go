package tasks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"redial/campaign"
)

// troubled is a record of three campaigns, of which the first cannot be looked ahead in and the second has no zone.
type troubled struct {
	backlog
	well bool
}

func (b *troubled) Offering(context.Context) ([]campaign.Campaign, error) {
	zone := "Nowhere/Land"
	if b.well {
		zone = "Asia/Shanghai"
	}
	return []campaign.Campaign{
		{ID: 1, Zone: "Asia/Shanghai", Floor: campaign.DefaultFloor()},
		{ID: 2, Zone: zone, Floor: campaign.DefaultFloor()},
		{ID: 3, Zone: "Asia/Shanghai", Floor: campaign.DefaultFloor()},
	}, nil
}

func (b *troubled) Next(_ context.Context, id campaign.CampaignID) (time.Time, error) {
	if id == 1 && !b.well {
		return time.Time{}, errFault
	}
	return b.next, nil
}

func (b *troubled) QueuedUploads(context.Context) ([]campaign.Upload, error) {
	if !b.well {
		return nil, errFault
	}
	return nil, nil
}

// The first campaign that failed used to end the sweep, and the mark was never set: everything was sent again every other
// second, and the later campaigns never had their wake-ups.
func TestACampaignThatFailsLeavesTheOthersTheirWakeUps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		b := &troubled{backlog: backlog{now: time.Now, next: time.Now().Add(time.Hour)}}
		var passed []string
		s := &Sweep{Backlog: b, Forecast: b, Waker: NewWaker(client, Options{}), Passed: func(_ context.Context, id campaign.CampaignID, err error) {
			passed = append(passed, fmt.Sprint(id, ": ", err))
		}}
		err := s.runOnce(t.Context(), time.Now())
		if !errors.Is(err, errFault) || !strings.Contains(err.Error(), "campaign 1") || !strings.Contains(err.Error(), "campaign 2") {
			t.Errorf("got %v, want the faults with their campaigns", err)
		}
		if len(passed) != 2 || !strings.HasPrefix(passed[0], "1: ") || !strings.HasPrefix(passed[1], "2: ") {
			t.Errorf("told of %q, want campaigns 1 and 2", passed)
		}
		at, day := b.next.Unix(), slotOf(campaign.DateOf(time.Now().In(time.FixedZone("CST", 8*3600))))
		want := []string{
			fmt.Sprintf("purge-%d", slotOf(campaign.DateOf(time.Now().UTC()))), fmt.Sprintf("release-2-%d", at), fmt.Sprintf("release-3-%d", at),
			fmt.Sprintf("rollover-1-%d", day), fmt.Sprintf("rollover-3-%d", day),
		}
		if got := waiting(t, client); !slices.Equal(got, want) {
			t.Errorf("sent\n%v, want\n%v", got, want)
		}
		if lost, err := s.Waker.lost(t.Context()); lost || err != nil {
			t.Errorf("Redis seems to have lost what was sent: %v, %v", lost, err)
		}
		b.well = true
		if err := s.runOnce(t.Context(), time.Now()); err != nil {
			t.Error(err)
		}
		want = append(want, fmt.Sprintf("release-1-%d", at), fmt.Sprintf("rollover-2-%d", day))
		slices.Sort(want)
		if got := waiting(t, client); !slices.Equal(got, want) {
			t.Errorf("after the next sweep\n%v, want\n%v", got, want)
		}
	})
}

func TestARedisThatTakesNothingEndsTheSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := embedded(t)
		b := &troubled{backlog: backlog{now: time.Now, next: time.Now().Add(time.Hour)}, well: true}
		s := &Sweep{Backlog: b, Forecast: b, Waker: NewWaker(client, Options{})}
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.runOnce(t.Context(), time.Now()); err == nil || strings.Count(err.Error(), "send task") != 1 {
			t.Errorf("got %v, want the first task that was not sent, and nothing tried after it", err)
		}
	})
}
