package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"redial/campaign"
)

const auditColumns = `seq, at, owner, token_id, role, from_addr, action, target, before_json, after_json, reason, hash`

func scanAudit(r scanner) (campaign.AuditEntry, error) {
	var e campaign.AuditEntry
	err := r.Scan(&e.Seq, usTime{&e.At}, &e.Owner, &e.Token, &e.Role, &e.From, &e.Action, &e.Target, &e.Before, &e.After, &e.Reason, &e.Hash)
	return e, err
}

// LogDeed adds an entry to the audit log for what changes no row, such as looking at a number, by the caller in the
// context. after tells of it; nil: nothing. It never holds what is known of a person.
func (s *Store) LogDeed(ctx context.Context, action, target string, after any, reason string) error {
	return s.write(ctx, "add to the audit log", func(t *tx) error { return t.audit(action, target, nil, after, reason) })
}

// AuditLog are the entries of the audit log that a query asks for, newest first.
func (s *Store) AuditLog(ctx context.Context, q campaign.AuditQuery) ([]campaign.AuditEntry, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	var where []string
	var args []any
	add := func(is bool, condition string, arg any) {
		if is {
			args = append(args, arg)
			where = append(where, fmt.Sprintf(condition, len(args)))
		}
	}
	add(true, `seq > $%d`, int64(0))
	add(q.Owner != "", `owner = $%d`, q.Owner)
	add(q.Action != "", `action = $%d`, q.Action)
	add(q.Target != "", `target = $%d`, q.Target)
	add(!q.Since.IsZero(), `at >= $%d`, us(q.Since))
	add(!q.Before.IsZero(), `at < $%d`, us(q.Before))
	add(q.Below > 0, `seq < $%d`, q.Below)
	query := `SELECT ` + auditColumns + ` FROM audit_log WHERE ` + strings.Join(where, " AND ") + fmt.Sprintf(` ORDER BY seq DESC LIMIT %d`, q.Limit)
	var out []campaign.AuditEntry
	err := s.peek(ctx, "read the audit log", func(t *tx) (err error) {
		out, err = t.auditEntries(query, args...)
		return err
	})
	return out, err
}

func (t *tx) auditEntries(query string, args ...any) (out []campaign.AuditEntry, err error) {
	err = t.each(query, args, func(r *sql.Rows) error {
		e, err := scanAudit(r)
		out = append(out, e)
		return err
	})
	return out, err
}

// verifiedAtOnce is how many entries of the audit log are followed in one look.
const verifiedAtOnce = 1000

// VerifyAuditLog follows the chain of the audit log from its first entry, tells how far it is now and then, and stops at
// the first entry that does not fit. Entries that are added meanwhile are followed, too. It ends with tell's error.
func (s *Store) VerifyAuditLog(ctx context.Context, anchor campaign.AuditAnchor, tell func(campaign.AuditProof) error) (campaign.AuditProof, error) {
	var p campaign.AuditProof
	last := int64(-1 << 62) // also what stands before the first entry is seen
	for p.BrokenAt == 0 {
		var page []campaign.AuditEntry
		var head int64
		var hash string
		err := s.read(atLength(ctx), "verify the audit log", func(t *tx) (err error) {
			page, err = t.auditEntries(`SELECT `+auditColumns+` FROM audit_log WHERE seq > $1 ORDER BY seq LIMIT $2`, last, verifiedAtOnce)
			if err != nil || len(page) > 0 {
				return err
			}
			err = t.row(`SELECT seq, hash FROM audit_head WHERE id = 1`, nil, &head, &hash)
			if errors.Is(err, sql.ErrNoRows) { // a head that is gone names no entry
				head, err = -1, nil
			}
			return err
		})
		if err != nil {
			return p, err
		}
		if len(page) == 0 {
			p.End(head, hash, anchor)
			return p, nil
		}
		for i := range page {
			p.Follow(&page[i], anchor)
			last = page[i].Seq
		}
		if err := tell(p); err != nil {
			return p, err
		}
	}
	return p, nil
}
