package store

import (
	"redial/campaign"
)

// audit adds a deed to the audit log in the transaction that does it, by the caller in its context. The head of the
// chain is locked until the commit: it comes last in a transaction, and is not for what happens with every call, which
// the ledger keeps. before and after are put down as JSON of what changed; nil: nothing. They never hold what is known
// of a person.
func (t *tx) audit(action, target string, before, after any, reason string) error {
	c := campaign.CallerFrom(t.ctx)
	e := campaign.AuditEntry{At: fromUS(us(t.now)), Owner: c.Owner, Token: c.Token, Role: c.Role, From: c.From,
		Action: action, Target: target, Before: auditText(before), After: auditText(after), Reason: reason}
	var last int64
	var hash string
	if err := t.row(`SELECT seq, hash FROM audit_head WHERE id = 1`+t.d.forUpdate, nil, &last, &hash); err != nil {
		return err
	}
	e.Seq = last + 1
	e.Hash = e.Chained(hash)
	if _, err := t.exec(`INSERT INTO audit_log (seq, at, owner, token_id, role, from_addr, action, target, before_json, after_json, reason, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, e.Seq, us(e.At), e.Owner, int64(e.Token), string(e.Role), e.From,
		e.Action, e.Target, e.Before, e.After, e.Reason, e.Hash); err != nil {
		return err
	}
	_, err := t.exec(`UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1`, e.Seq, e.Hash)
	return err
}

func auditText(v any) string {
	if v == nil {
		return ""
	}
	return js(v)
}
