package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"redial/campaign"
	"redial/campaign/store"
	"redial/cmd/internal/simulate"
	"redial/scheduler"
)

// simulator works campaigns in virtual time over a snapshot of the record, one at a time, and leaves half a core to the
// floor.
type simulator struct {
	store *store.Store
	law   scheduler.Law
	busy  sync.Mutex
}

// Simulate implements schedulerrpc.Simulator.
func (s *simulator) Simulate(ctx context.Context, id campaign.CampaignID, scenario []byte, told func(done, total time.Duration)) ([]byte, error) {
	if !s.busy.TryLock() {
		return nil, &campaign.Error{
			Kind: campaign.KindExhausted, Message: "a simulation runs on this node already: try again when it has ended", RetryAfter: 30 * time.Second,
		}
	}
	defer s.busy.Unlock()
	scn, err := s.scenario(ctx, id, scenario)
	if err != nil {
		return nil, err
	}
	result, err := simulate.Run(ctx, scn, simulate.Options{Law: s.law, Gentle: true, Progress: told})
	if err != nil {
		return nil, err
	}
	return json.Marshal(result)
}

// scenario is the text over the campaign as it is now. Its leads are read only when the text has no lists.
func (s *simulator) scenario(ctx context.Context, id campaign.CampaignID, text []byte) (*simulate.Scenario, error) {
	if id == 0 {
		return simulate.Read(text)
	}
	c, err := s.store.Campaign(ctx, id)
	if err != nil {
		return nil, err
	}
	own := &simulate.Own{Campaign: &c, Now: s.store.Now()}
	other := simulate.OtherRules(text, c.Name)
	own.Calendars, err = s.store.CalendarsNamed(ctx, slices.Concat(c.Rules.Calendars, other.Calendars))
	if err == nil && !simulate.BringsLists(text) {
		other.Calendars = nil // the scenario may bring some that the record does not have
		err = s.store.SnapshotUnder(ctx, id, nil, &other, own.Add)
	}
	if err != nil {
		return nil, fmt.Errorf("read what is to be simulated: %w", err)
	}
	return simulate.ReadOver(text, own)
}
