package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"redial/campaign"
	"redial/scheduler/tasks"
)

// wakeups is what tasks and the sweep call: each looks at the record and does what is due, however often it is called.
type wakeups struct {
	app       *App
	foresight *foresight
	house     owed
}

// Release fills a campaign's hopper and lets waiting agents have it.
func (w *wakeups) Release(ctx context.Context, id campaign.CampaignID) (time.Time, error) {
	next, err := w.app.source.Release(ctx, id)
	w.app.floor.Wake(id)
	return next, err
}

// Remind looks at once whether an owner here is to be reminded.
func (w *wakeups) Remind(ctx context.Context, id campaign.AppointmentID) error {
	return w.PromiseDue(ctx, id)
}

// PromiseDue looks at once whether an agent here is to have a promise. Where nobody here is, other nodes look by
// themselves: what is owned is pulled.
func (w *wakeups) PromiseDue(ctx context.Context, id campaign.AppointmentID) error {
	p, err := w.app.store.Appointment(ctx, id)
	if err != nil {
		return err
	}
	if p.State == campaign.AppointmentOpen {
		w.app.floor.Wake(p.CampaignID)
	}
	return nil
}

// Rollover scores a campaign's leads anew: those of yesterday go first.
func (w *wakeups) Rollover(ctx context.Context, id campaign.CampaignID) error {
	w.app.source.Changed(ctx, id)
	w.app.floor.Wake(id)
	return nil
}

// RunImport tells this node's intake of an upload.
func (w *wakeups) RunImport(_ context.Context, id campaign.UploadID) error {
	w.app.intake.Queued(id)
	return nil
}

const replanBatch = 500 // leads of one transaction: agents wait for it no longer than that takes

// Replan decides every lead of a campaign anew that is left to be: see store.ReplanLeft.
func (w *wakeups) Replan(ctx context.Context, id campaign.CampaignID) error {
	var after campaign.LeadID
	moved := 0
	for {
		last, n, err := w.app.store.ReplanBatch(ctx, id, after, replanBatch)
		if err != nil {
			return err
		}
		moved += n
		if last == 0 {
			break
		}
		after = last
	}
	if moved > 0 {
		w.app.log.InfoContext(ctx, "leads were planned anew", "campaign", id, "leads", moved)
		w.app.changed(id)
	}
	return nil
}

// Purge makes next month's partitions and drops what is old enough, if anything is to be dropped.
func (w *wakeups) Purge(ctx context.Context) error {
	if err := errors.Join(w.app.store.Housekeep(ctx), w.dropEvents(ctx), w.eraseAged(ctx)); err != nil || w.app.cfg.Keep == 0 {
		return err
	}
	gone, err := w.app.store.Retention(ctx, time.Duration(w.app.cfg.Keep)*24*time.Hour)
	if err == nil {
		w.app.log.InfoContext(ctx, "old history was dropped", "days_kept", w.app.cfg.Keep, "dropped", gone)
	}
	return err
}

// dropEvents drops events that need no longer be kept for those who follow the stream.
func (w *wakeups) dropEvents(ctx context.Context) error {
	days := cmp.Or(w.app.cfg.KeepEvents, w.app.cfg.Keep)
	if days == 0 {
		return nil
	}
	n, err := w.app.store.DropEvents(ctx, time.Duration(days)*24*time.Hour)
	if err == nil {
		w.app.log.InfoContext(ctx, "old events were dropped", "days_kept", days, "dropped", n)
	}
	return err
}

// eraseAged erases the persons that need no longer be known.
func (w *wakeups) eraseAged(ctx context.Context) error {
	days := w.app.cfg.EraseAfter
	if days == 0 {
		return nil
	}
	n, err := w.app.store.EraseAged(ctx, time.Duration(days)*24*time.Hour)
	if n > 0 {
		w.app.log.InfoContext(ctx, "persons were erased by age", "days_kept", days, "leads", n)
	}
	return err
}

// chores are what the elected node does every few seconds, found by looking, whatever wake-up was lost.
func (w *wakeups) chores() []tasks.Chore {
	return []tasks.Chore{
		{Name: "lapse leases", Do: w.lapse},
		{Name: "let overdue sessions act", Do: w.expireSessions},
		{Name: "close missed promises", Do: w.miss},
		{Name: "lift expired suppressions", Do: w.app.store.ExpireSuppressions},
		{Name: "count the calls of older nodes", Do: w.app.store.TellSubjects},
		{Name: "plan leads anew", Do: w.replanAll, Apart: true},
		{Name: "keep house", Do: w.keepHouse, Apart: true},
		{Name: "learn the sizes of tables", Do: w.app.store.LearnSizes, Apart: true},
		{Name: "send events to webhooks", Do: w.app.pushes.sweep},
		{Name: "foresee leads running out", Do: w.foresight.look, Apart: true},
	}
}

func (w *wakeups) lapse(ctx context.Context, limit int) (int, error) {
	lapsed, err := w.app.store.LapseLeases(ctx, limit)
	if err != nil {
		return 0, err
	}
	w.app.floor.Revoked(lapsed)
	for _, id := range campaignsOf(lapsed, func(a campaign.Assignment) campaign.CampaignID { return a.CampaignID }) {
		w.app.floor.Wake(id)
	}
	return len(lapsed), nil
}

func (w *wakeups) expireSessions(ctx context.Context, limit int) (int, error) {
	overdue, err := w.app.store.OverdueSessions(ctx, limit)
	if err != nil {
		return 0, err
	}
	for _, s := range overdue {
		w.app.floor.Expire(ctx, s.AgentID)
	}
	return len(overdue), nil
}

func (w *wakeups) miss(ctx context.Context, limit int) (int, error) {
	missed, err := w.app.store.MissPromises(ctx, limit)
	if err != nil {
		return 0, err
	}
	for _, id := range campaignsOf(missed, func(p campaign.Appointment) campaign.CampaignID { return p.CampaignID }) {
		w.app.changed(id)
	}
	return len(missed), nil
}

func campaignsOf[T any](rows []T, of func(T) campaign.CampaignID) []campaign.CampaignID {
	seen := make(map[campaign.CampaignID]bool)
	var ids []campaign.CampaignID
	for _, r := range rows {
		if id := of(r); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

// replanAll plans anew what is left of the campaigns that offer: leads planned under other rules, those that came back
// from an agent, and those without a callable time before a calendar changed.
func (w *wakeups) replanAll(ctx context.Context, _ int) (int, error) {
	offering, err := w.app.store.Offering(ctx)
	if err != nil {
		return 0, err
	}
	var errs []error
	for i := range offering {
		_, left, err := w.app.store.ReplanLeft(ctx, offering[i].ID)
		if err == nil && left > 0 {
			err = w.Replan(ctx, offering[i].ID)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("campaign %d: %w", offering[i].ID, err))
		}
	}
	return 0, errors.Join(errs...)
}

// keepHouse is Purge once a day where there is no Redis to wake it up, or none for now.
func (w *wakeups) keepHouse(ctx context.Context, _ int) (int, error) {
	return 0, w.house.do(func() (bool, error) {
		if w.app.redis != nil && !w.app.hot.Away() {
			return false, nil
		}
		job, slot := tasks.PurgeSlot(w.app.store.Now())
		return w.app.store.Slot(ctx, job, slot)
	}, func() error { return w.Purge(ctx) })
}

// owed is whether work was taken that did not get to its end. Whoever took a slot must come back to its work: nobody else
// will. Not safe for concurrent use.
type owed bool

// do does the work if it is taken now, or was and failed.
func (o *owed) do(take func() (bool, error), work func() error) error {
	if !*o {
		taken, err := take()
		if err != nil || !taken {
			return err
		}
		*o = true
	}
	if err := work(); err != nil {
		return err
	}
	*o = false
	return nil
}

// replan has a campaign's leads planned anew after its rules changed; it returns at once.
func (a *App) replan(id campaign.CampaignID) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	go func() {
		defer cancel()
		c, err := a.store.Campaign(ctx, id)
		if err == nil && a.waker != nil {
			err = a.waker.Replan(ctx, id, c.RulesVersion)
		}
		if err != nil {
			a.log.WarnContext(ctx, "planning leads anew was not begun; the sweep will", "campaign", id, "error", err)
		}
		a.changed(id)
	}()
}
