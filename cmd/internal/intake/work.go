package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"redial/campaign"
)

// Queued says that an upload was committed, so that it is not waited for. It returns at once.
func (in *Intake) Queued(campaign.UploadID) {
	select {
	case in.bell <- struct{}{}:
	default: // it will look anyhow
	}
}

// Work imports what is queued until ctx ends: when Queued is called, and every so often, for another node may have
// died over an upload.
func (in *Intake) Work(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := in.Drain(ctx); err != nil && ctx.Err() == nil {
			in.o.Log.WarnContext(ctx, "an import broke off; it goes on where it was", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-in.bell:
		case <-tick.C:
		}
	}
}

// Drain imports every upload that no node holds. An upload that fails for a reason of the moment is let go of and
// left to a later call.
func (in *Intake) Drain(ctx context.Context) error {
	in.one.Lock()
	defer in.one.Unlock()
	for {
		u, err := in.queue.TakeUpload(ctx, in.o.Node, in.o.Lease)
		if err != nil {
			return fmt.Errorf("take an upload: %w", err)
		}
		if u == nil {
			return nil
		}
		if err := in.held(ctx, *u); err != nil {
			return err
		}
	}
}

var errTaken = errors.New("another node has taken the upload over")

// held runs an upload while it is held, and lets go of it when it broke off.
func (in *Intake) held(ctx context.Context, u campaign.Upload) error {
	running, cancel := context.WithCancelCause(ctx)
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		in.hold(running, u.ID, cancel)
	}()
	err := in.Run(running, u)
	cancel(nil)
	<-beating
	switch {
	case err == nil:
		return nil
	case errors.Is(context.Cause(running), errTaken):
		return nil
	}
	letGo, stop := context.WithTimeout(context.WithoutCancel(ctx), in.o.Lease)
	defer stop()
	if e := in.queue.HoldUpload(letGo, u.ID, in.o.Node, 0); e != nil && campaign.ReasonOf(e) != campaign.ReasonLeaseExpired {
		return errors.Join(err, e)
	}
	return err
}

// hold renews the hold until ctx ends; it cancels when another node has the upload.
func (in *Intake) hold(ctx context.Context, id campaign.UploadID, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(in.o.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := in.queue.HoldUpload(ctx, id, in.o.Node, in.o.Lease); campaign.ReasonOf(err) == campaign.ReasonLeaseExpired {
			cancel(errTaken)
			return
		}
	}
}
