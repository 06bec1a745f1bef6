package wire

import (
	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// AuditEntry is an entry of the audit log as a message.
func AuditEntry(e *campaign.AuditEntry) *pb.AuditEntry {
	return &pb.AuditEntry{Seq: e.Seq, At: Time(e.At), Owner: e.Owner, TokenId: int64(e.Token), Role: Role(e.Role), From: e.From,
		Action: e.Action, Target: e.Target, Before: e.Before, After: e.After, Reason: e.Reason, Hash: e.Hash}
}
