package campaign

import (
	"fmt"
	"strconv"
)

// Identifiers are 64-bit, given by the store, never reused; 0 means "none". They are distinct types so that one
// cannot be passed for another.
type (
	// CampaignID names a campaign.
	CampaignID int64
	// ListID names a lead list.
	ListID int64
	// LeadID names a lead.
	LeadID int64
	// GroupID names a calendar group: the leads of one list that share their sites.
	GroupID int64
	// SubjectID names a number, a person or an account over which caps, consents and suppressions are kept.
	SubjectID int64
	// AgentID names an agent.
	AgentID int64
	// AssignmentID names one lead in one agent's hands. Ids grow, so the id is the fencing token of the lease.
	AssignmentID int64
	// AppointmentID names a promise to call at a time.
	AppointmentID int64
	// EventID names an event as it was written; its place in the stream is given later, by the sequencer.
	EventID int64
	// UploadID names a file on its way in.
	UploadID int64
	// TokenID names an access token (never its secret).
	TokenID int64
	// ConsentID names a consent.
	ConsentID int64
	// CalendarID names a calendar.
	CalendarID int64
)

// ParseID reads a decimal identifier as people and the API write it.
func ParseID[T ~int64](field, s string) (T, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, Invalid(field, fmt.Sprintf("%q is no id: give the number that the list shows", s))
	}
	return T(n), nil
}
