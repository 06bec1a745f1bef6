package campaign

import "time"

// AppointmentState is how a promise stands.
type AppointmentState string

// A promise is open until it is kept, missed, rescheduled or cancelled: never dropped in silence (I6).
const (
	AppointmentOpen        AppointmentState = "open"
	AppointmentKept        AppointmentState = "kept"
	AppointmentMissed      AppointmentState = "missed"
	AppointmentRescheduled AppointmentState = "rescheduled"
	AppointmentCancelled   AppointmentState = "cancelled"
)

// Booking is a promise as it is asked for: a wall time in a zone.
type Booking struct {
	Local    string // "2026-03-08T02:30" or with seconds
	Zone     string // IANA; empty: the lead's first zone
	Insisted bool   // the customer insisted on a time outside callable hours
}

// Appointment is a promise to call a lead at a time. The wall time and zone are the promise; the instant is derived.
type Appointment struct {
	ID         AppointmentID
	LeadID     LeadID
	CampaignID CampaignID
	Owner      AgentID // 0: nobody's, any fit agent
	Local      string
	Zone       string
	Insisted   bool
	At         time.Time // derived from Local and Zone
	GraceEnd   time.Time // missed from here on: At plus the grace, at closing time at the latest
	State      AppointmentState
	Reason     string // why it was closed
	Reminded   bool
	BookedBy   AssignmentID // the call it was booked on; 0: not on a call
	Replaces   AppointmentID
	CreatedAt  time.Time
	ClosedAt   time.Time
}
