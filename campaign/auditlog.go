package campaign

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
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

// AuditQuery asks for entries of the audit log. Filters left empty do not count.
type AuditQuery struct {
	Owner  string
	Action string
	Target string
	Since  time.Time // from then on
	Before time.Time // before then
	Below  int64     // only entries before this place; 0: from the newest
	Limit  int       // 0: 100
}

// AuditAnchor is the hash of an entry as it was kept elsewhere: a chain that was written anew as a whole is found by it.
type AuditAnchor struct {
	Seq  int64 // 0: none was kept
	Hash string
}

// AuditProof is how far the chain of the audit log was followed, and what was found.
type AuditProof struct {
	Verified int64  // entries that fit
	BrokenAt int64  // the place of the first that does not; 0: none so far
	Fault    string // what is wrong there, for people; empty: nothing
	LastHash string // of the last entry that fits, to be kept elsewhere; empty: there is none
}

// Break notes the first place that does not fit; later ones say nothing new.
func (p *AuditProof) Break(at int64, fault string) {
	if p.BrokenAt == 0 {
		p.BrokenAt, p.Fault = at, fault
	}
}

// Follow takes the chain's next entry; one that does not fit breaks it.
func (p *AuditProof) Follow(e *AuditEntry, anchor AuditAnchor) {
	switch next := p.Verified + 1; {
	case p.BrokenAt != 0:
	case e.Seq > next+1:
		p.Break(next, fmt.Sprintf("entries %d to %d are missing", next, e.Seq-1))
	case e.Seq > next:
		p.Break(next, fmt.Sprintf("entry %d is missing", next))
	case e.Seq != next:
		p.Break(next, fmt.Sprintf("entry %d stands in its place", e.Seq))
	case e.Hash != e.Chained(p.LastHash):
		p.Break(next, "its hash does not fit what it says and the entry before: it was changed, or put in another's place")
	case e.Seq == anchor.Seq && e.Hash != anchor.Hash:
		p.Break(next, "its hash is not the one that was kept elsewhere: the log was written anew from here, or before")
	default:
		p.Verified, p.LastHash = next, e.Hash
	}
}

// End compares what was followed with the head of the chain, which tells how many entries there are to be, and with
// the anchor.
func (p *AuditProof) End(seq int64, hash string, anchor AuditAnchor) {
	switch {
	case seq > p.Verified:
		p.Break(p.Verified+1, fmt.Sprintf("the log ends with entry %d, but there were %d: the last ones were taken out", p.Verified, seq))
	case seq < p.Verified || hash != p.LastHash:
		p.Break(max(seq, 1), "the head of the chain does not name the last entry: entries were added behind its back, or it was changed")
	case anchor.Seq > p.Verified:
		p.Break(p.Verified+1, fmt.Sprintf("the log ends with entry %d, but entry %d was there when its hash was kept", p.Verified, anchor.Seq))
	}
}
