package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"redial/campaign"
)

// awayRetry is what a caller is told to wait when the database does not answer.
const awayRetry = time.Second

// doing wraps an error with the act in progress. A database that is away, restarting or full of connections is an
// error of kind KindAway: the caller may send the same again.
func doing(what string, err error) error {
	if err == nil {
		return nil
	}
	if !away(err) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w: %w", what, &campaign.Error{
		Kind: campaign.KindAway, RetryAfter: awayRetry, Message: "the database does not answer just now: send the same again in a moment",
	}, err)
}

// away says whether err is of the way to the database and not of what was asked. A caller who gave up is no such
// error.
func away(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		// 57P: shutting down, crashed, starting; 53: out of connections, memory or disk; 08: the connection broke;
		// 25006: a standby that was asked to write.
		return strings.HasPrefix(e.Code, "57P") || strings.HasPrefix(e.Code, "53") || strings.HasPrefix(e.Code, "08") || e.Code == "25006"
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || pgconn.SafeToRetry(err)
}
