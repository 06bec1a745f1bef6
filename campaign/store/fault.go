package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"redial/campaign"
)

// What a caller is told to wait, at random so that they do not come back all at once.
const (
	retryLeast = 200 * time.Millisecond
	retryMost  = 2 * time.Second
)

// trouble is what is wrong with the database, and not with what was asked of it.
type trouble uint8

const (
	noTrouble  trouble = iota
	absent             // stopped, restarting, cut off, out of connections or memory
	demoted            // it may only be read: another server has seized over, or a standby was asked
	held               // another transaction holds what was asked for
	seized             // another process holds all of it
	slow               // it took too long
	lost               // it lost against others again and again
	full               // the disk under it is full
	unwritable         // the disk under it, or the file, may only be read
	failing            // the disk under it fails
)

var troubleText = [...]string{
	absent:     "the database does not answer just now: send the same again in a moment",
	demoted:    "the database is failing over: send the same again in a moment",
	held:       "another transaction holds the rows that this is about: send the same again in a moment",
	seized:     "another process holds the database file: nothing was changed; end that process if this does not pass in a moment",
	slow:       "the database took too long: send the same again in a moment",
	lost:       "others changed the same rows again and again: send the same again in a moment",
	full:       "the disk under the database is full: nothing was changed; make room there, and work goes on by itself",
	unwritable: "the database may only be read: nothing was changed; make its disk, folder and file writable for the user that dialerd runs as",
	failing:    "the disk under the database fails: nothing was acknowledged; see to the disk, the database's log says more",
}

// doing wraps an error with the act in progress, as fault does with what it says to callers.
func doing(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, fault(err))
}

// fault makes an error of the database's, or of the way to it, one of kind KindAway with its reason and the time to wait.
// Others stay as they are: what was refused, a caller who gave up (context.Canceled, context.DeadlineExceeded), and what
// only a programmer can mend.
func fault(err error) error {
	t := troubleOf(err)
	if t == noTrouble {
		return err
	}
	if _, ok := errors.AsType[*campaign.Error](err); ok {
		return err
	}
	e := &campaign.Error{Kind: campaign.KindAway, Reason: campaign.ReasonRecordAway, Message: troubleText[t], RetryAfter: retryMost}
	if t >= full {
		e.Reason = campaign.ReasonRecordFull
	} else {
		e.RetryAfter = retryLeast + rand.N(retryMost-retryLeast) //nolint:gosec // nothing secret
	}
	return fmt.Errorf("%w: %w", e, err)
}

// away says whether the database is away or cannot write, so that any other request would fail as well: there is no use
// in trying one by one. A lock that was waited for in vain is no such error, nor a statement that took too long: others may
// go on, see tooLong.
func away(err error) bool {
	t := troubleOf(err)
	return t != noTrouble && t != held && t != lost && t != slow
}

// tooLong says whether a transaction waited too long for a lock, or took too long itself.
func tooLong(err error) bool { return lockedOut(err) || troubleOf(err) == slow }

// lockedOut says whether a statement gave up waiting for a lock that another transaction holds.
func lockedOut(err error) bool { return troubleOf(err) == held }

// troubleOf looks for what the drivers say, under whatever it is wrapped in.
func troubleOf(err error) trouble {
	if err == nil {
		return noTrouble
	}
	if errors.Is(err, errLost) {
		return lost
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresTrouble(e.Code)
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return sqliteTrouble(e.Code())
	}
	switch {
	case errors.Is(err, errBusy), errors.Is(err, errClosed), errors.Is(err, errOverdue):
		return absent
	case errors.Is(err, errSlow):
		return slow
	case errors.As(err, new(*pgconn.ConnectError)): // its own deadline is none of the caller's
		return absent
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return noTrouble
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return full
	case errors.Is(err, syscall.EROFS):
		return unwritable
	case errors.As(err, new(net.Error)), errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone),
		errors.Is(err, pgconn.ErrConnClosed), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), pgconn.SafeToRetry(err):
		return absent
	}
	return noTrouble
}

// postgresTrouble is by SQLSTATE. See the PostgreSQL manual, appendix A.
func postgresTrouble(code string) trouble {
	switch code {
	case "53100": // disk_full
		return full
	case "58030": // io_error
		return failing
	case "25006": // read_only_sql_transaction: this server is a standby, or was made one
		return demoted
	case "55P03": // lock_not_available: lock_timeout
		return held
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return lost
	case "57014", "25P03", "25P04": // query_canceled by statement_timeout, idle_in_transaction_, transaction_timeout
		return slow
	case "57P04": // database_dropped: it does not come back
		return noTrouble
	}
	for _, class := range []string{
		"57P", // shutting down, crashed, starting
		"53",  // out of connections or memory
		"08",  // the connection broke
	} {
		if strings.HasPrefix(code, class) {
			return absent
		}
	}
	return noTrouble
}

// sqliteTrouble is by extended result code. See https://sqlite.org/rescode.html.
func sqliteTrouble(code int) trouble {
	const busySnapshot, shmSize = 517, 4874
	switch code {
	case busySnapshot:
		return lost
	case shmSize: // the file that readers and writers share could not grow
		return full
	}
	switch code & 0xff {
	case 5: // BUSY: another process holds the file longer than busy_timeout
		return seized
	case 8: // READONLY
		return unwritable
	case 10: // IOERR
		return failing
	case 13: // FULL
		return full
	case 14: // CANTOPEN: a file beside the database cannot be made
		return unwritable
	}
	return noTrouble
}
