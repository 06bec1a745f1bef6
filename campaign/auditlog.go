package campaign

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// AuditEntry is a deed: who did what from where, for people who must answer for it. Entries are only ever added, each
// with the hash of the one before, so that one that was changed or taken out is seen. It never holds what is known of a
// person: leads are told by their ids.
type AuditEntry struct {
	Seq    int64 // its place, from 1, without gaps
	At     time.Time
	Owner  string  // of the token; empty: the server itself
	Token  TokenID // 0: none
	Role   Role    // empty: the server itself
	From   string  // the caller's address; empty: the server itself
	Action string  // such as update_campaign
	Target string  // such as "campaign 3"; empty: nothing in particular
	Before string  // JSON of the values that changed; empty: not kept, or new
	After  string  // as they are since; empty: gone
	Reason string  // in the caller's words; empty: not asked
	Hash   string  // of the entry and the one before: see Chained; hex
}

// Chained is the entry's hash after one with hash before: SHA-256 over before and every field but Hash, each with its
// length in front, so that no two entries have one text.
func (e *AuditEntry) Chained(before string) string {
	h := sha256.New()
	var n [8]byte
	number := func(v int64) {
		binary.BigEndian.PutUint64(n[:], uint64(v))
		h.Write(n[:])
	}
	text := func(s string) {
		number(int64(len(s)))
		h.Write([]byte(s))
	}
	text(before)
	number(e.Seq)
	number(e.At.UnixMicro())
	number(int64(e.Token))
	for _, s := range []string{e.Owner, string(e.Role), e.From, e.Action, e.Target, e.Before, e.After, e.Reason} {
		text(s)
	}
	return hex.EncodeToString(h.Sum(nil))
}
