// Package wire turns the nouns of the record into the messages of the interfaces, and back. It decides nothing and
// checks nothing but that a value has a meaning; whoever receives a noun validates it.
package wire

import (
	"errors"
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// Time is an instant as a message; the zero instant is none.
func Time(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// FromTime is the inverse of Time, UTC. The field is named in the error of a message that is no instant.
func FromTime(field string, t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if err := t.CheckValid(); err != nil {
		return time.Time{}, campaign.Invalid(field, "is no instant: give seconds since 1970 and nanoseconds 0..999999999")
	}
	return t.AsTime(), nil
}

// Duration is a length of time as a message.
func Duration(d time.Duration) *durationpb.Duration { return durationpb.New(d) }

// FromDuration is the inverse; unset is the default given.
func FromDuration(field string, d *durationpb.Duration, unset time.Duration) (time.Duration, error) {
	if d == nil {
		return unset, nil
	}
	if err := d.CheckValid(); err != nil || d.AsDuration() == math.MaxInt64 || d.AsDuration() == math.MinInt64 {
		return 0, campaign.Invalid(field, "is no length of time")
	}
	return d.AsDuration(), nil
}

// The enums have the numbers of the nouns, which a test holds.

// Outcome is the outcome as a message.
func Outcome(o campaign.Outcome) pb.Outcome { return pb.Outcome(o) }

// FromOutcome is the inverse; an unknown number is an error, none is NoOutcome.
func FromOutcome(field string, o pb.Outcome) (campaign.Outcome, error) {
	if o < 0 || int(o) >= campaign.NumOutcomes {
		return 0, campaign.Invalid(field, "is no outcome this server knows")
	}
	return campaign.Outcome(o), nil
}

// Verdict is the verdict as a message.
func Verdict(v campaign.Verdict) pb.Verdict { return pb.Verdict(v) }

var leadStates = states(campaign.LeadStates)

var appointmentStates = states([]campaign.AppointmentState{
	campaign.AppointmentOpen, campaign.AppointmentKept, campaign.AppointmentMissed,
	campaign.AppointmentRescheduled, campaign.AppointmentCancelled,
})

var agentStates = states(campaign.AgentStates)

var roles = states(campaign.Roles)

// states numbers names from 1, in the order of the messages' enums.
func states[S ~string](all []S) map[S]int32 {
	m := make(map[S]int32, len(all))
	for i, s := range all {
		m[s] = int32(i + 1)
	}
	return m
}

func unstate[S ~string](m map[S]int32, n int32) S {
	for s, i := range m {
		if i == n {
			return s
		}
	}
	return ""
}

// LeadState is the state as a message.
func LeadState(s campaign.LeadState) pb.LeadState { return pb.LeadState(leadStates[s]) }

// FromLeadState is the inverse; empty for none.
func FromLeadState(s pb.LeadState) campaign.LeadState { return unstate(leadStates, int32(s)) }

// AppointmentState is the state as a message.
func AppointmentState(s campaign.AppointmentState) pb.AppointmentState {
	return pb.AppointmentState(appointmentStates[s])
}

// AgentState is the state as a message; a session that was never written is signed out.
func AgentState(s campaign.AgentState) pb.AgentState {
	if s == "" {
		return pb.AgentState_AGENT_STATE_SIGNED_OUT
	}
	return pb.AgentState(agentStates[s])
}

// FromAgentState is the inverse; empty for none.
func FromAgentState(s pb.AgentState) campaign.AgentState { return unstate(agentStates, int32(s)) }

// Role is the role as a message.
func Role(r campaign.Role) pb.Role { return pb.Role(roles[r]) }

// FromRole is the inverse; empty for none.
func FromRole(r pb.Role) campaign.Role { return unstate(roles, int32(r)) }

// durations reads several lengths of time; the first fault stays.
type durations struct {
	prefix string
	err    error
}

// read leaves to as it is when the field is unset.
func (d *durations) read(field string, m *durationpb.Duration, to *time.Duration) {
	if d.err == nil {
		*to, d.err = FromDuration(d.prefix+field, m, *to)
	}
}

// Named puts a fault of the input that names no field on one; other errors are as campaign.Under leaves them.
func Named(field string, err error) error {
	e, ok := errors.AsType[*campaign.Error](err)
	if !ok || e.Kind != campaign.KindInvalid || len(e.Violations) > 0 {
		return campaign.Under(field, err)
	}
	named := *e
	named.Message, named.Violations = "", []campaign.Violation{{Field: field, Message: e.Message}}
	return &named
}
