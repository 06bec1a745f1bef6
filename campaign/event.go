package campaign

import "time"

// EventType says what an event tells.
type EventType string

// The events.
const (
	EventLeadAdded         EventType = "lead_added"
	EventLeadUpdated       EventType = "lead_updated"
	EventLeadFinished      EventType = "lead_finished" // finished, exhausted, suppressed or withdrawn; the reason says which
	EventAttempt           EventType = "attempt"
	EventAttemptAmended    EventType = "attempt_amended"
	EventBooked            EventType = "appointment_booked"
	EventAppointmentClosed EventType = "appointment_closed"
	EventAppointmentMoved  EventType = "appointment_moved" // its instant, by a change of the zone's rules; the wall time stands
	EventConsentRecorded   EventType = "consent_recorded"
	EventConsentRevoked    EventType = "consent_revoked"
	EventBadData           EventType = "bad_data"
	EventSuppressed        EventType = "suppressed"
	EventLifted            EventType = "suppression_lifted"
	EventListLoaded        EventType = "list_loaded"
	EventListUndone        EventType = "list_undone"
	EventCampaignState     EventType = "campaign_state"
	EventLeadErased        EventType = "lead_erased"
	EventRestored          EventType = "record_restored" // from a backup: what came after last_before in the stream, and is not told again, is lost
)

// Event is a fact other parts react to, written in the transaction of what it tells of.
type Event struct {
	ID         EventID
	Seq        int64 // place in the stream, given by the sequencer; 0: not yet
	Type       EventType
	At         time.Time
	CampaignID CampaignID // 0: none
	ListID     ListID
	LeadID     LeadID
	AgentID    AgentID
	Data       string // JSON object, fields by type
}
