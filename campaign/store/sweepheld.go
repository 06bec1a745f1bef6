package store

import "context"

// sweep does what is to be done with what was found, in one transaction or, where somebody holds a row of it for too long,
// in halves, until what is held stands alone: that is passed over until the next sweep, and keeps nothing else from being
// done. do has to look again whether it is still to be done, for it was found before, and may run more than once; done is
// told when what it did last has been committed.
func sweep[T any](ctx context.Context, s *Store, what string, found []T, do func(t *tx, part []T) error, done func()) error {
	if len(found) == 0 {
		return nil
	}
	err := s.write(ctx, what, func(t *tx) error { return do(t, found) })
	if lockedOut(err) {
		return sweepApart(ctx, s, what, found, do, done)
	}
	if err == nil {
		done()
	}
	return err
}

func sweepApart[T any](ctx context.Context, s *Store, what string, found []T, do func(t *tx, part []T) error, done func()) error {
	if len(found) == 1 {
		return nil // held
	}
	half := len(found) / 2
	for _, part := range [][]T{found[:half], found[half:]} {
		err := s.write(ctx, what, func(t *tx) error {
			if err := t.lockWithin(aroundLock); err != nil {
				return err
			}
			return do(t, part)
		})
		switch {
		case lockedOut(err):
			err = sweepApart(ctx, s, what, part, do, done)
		case err == nil:
			done()
		}
		if err != nil {
			return err
		}
	}
	return nil
}
