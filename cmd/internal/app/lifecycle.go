package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// cleanups are the steps of a stop, in the order in which their parts were started; they run the other way round.
type cleanups struct {
	log   *slog.Logger
	steps []cleanup
}

type cleanup struct {
	name string
	stop func(context.Context) error
}

func (c *cleanups) add(name string, stop func(context.Context) error) {
	c.steps = append(c.steps, cleanup{name, stop})
}

// run stops everything, last started first. A part that fails or takes too long does not keep the others.
func (c *cleanups) run(ctx context.Context) error {
	var errs []error
	for _, s := range slices.Backward(c.steps) {
		began := time.Now()
		if err := s.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", s.name, err))
		}
		c.log.DebugContext(ctx, "stopped", "part", s.name, "took", time.Since(began))
	}
	c.steps = nil
	return errors.Join(errs...)
}
