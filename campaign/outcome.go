package campaign

import "fmt"

// Outcome is what came of a placed call. The zero value is no outcome.
type Outcome uint8

// The outcomes of the rule of time. A campaign's own codes each map to one of these before any rule sees them.
const (
	NoOutcome     Outcome = iota
	Success               // reached, and the call's purpose met
	SuccessProxy          // purpose met through somebody else (a family member)
	Refused               // reached, and refused
	DoNotCall             // asked not to be called again
	Booked                // APPOINTMENT: an exact time was agreed
	CallLater             // reached somebody, call again, no exact time
	NoAnswer              // it rang out
	Busy                  // engaged
	Unreachable           // switched off, out of coverage, barred
	Machine               // answering machine or voicemail
	Abandoned             // a human answered an automatic call and no agent was there
	Unknown               // the call was placed and its end was never reported
	WrongPerson           // the number is somebody else's
	VacantNumber          // the number does not exist
	Fax                   // a fax or modem answered
	NumberChanged         // the number has changed; may carry the new one
	Congestion            // the network had no way through
	TrunkError            // our own line failed

	// NumOutcomes is one more than the last outcome: the size of an array indexed by Outcome.
	NumOutcomes = int(TrunkError) + 1
)

// Follow is what an outcome leads to.
type Follow uint8

// What may follow an outcome.
const (
	FollowNone     Follow = iota
	FollowFinished        // the lead is finished: done or refused
	FollowSuppress        // the number is suppressed everywhere
	FollowPromise         // an appointment at the agreed time
	FollowRetry           // another attempt by the interval
	FollowBadData         // the number is dropped; the next good one at once
	FollowNetwork         // not a counted attempt; soon again
)

var outcomes = [NumOutcomes]struct {
	name           string
	connect, right bool
	follow         Follow
}{
	NoOutcome:     {"", false, false, FollowNone},
	Success:       {"SUCCESS", true, true, FollowFinished},
	SuccessProxy:  {"SUCCESS_PROXY", true, false, FollowFinished},
	Refused:       {"REFUSED", true, true, FollowFinished},
	DoNotCall:     {"DO_NOT_CALL", true, true, FollowSuppress},
	Booked:        {"APPOINTMENT", true, true, FollowPromise},
	CallLater:     {"CALL_LATER", true, false, FollowRetry},
	NoAnswer:      {"NO_ANSWER", false, false, FollowRetry},
	Busy:          {"BUSY", false, false, FollowRetry},
	Unreachable:   {"UNREACHABLE", false, false, FollowRetry},
	Machine:       {"MACHINE", false, false, FollowRetry},
	Abandoned:     {"ABANDONED", true, false, FollowRetry},
	Unknown:       {"UNKNOWN", false, false, FollowRetry},
	WrongPerson:   {"WRONG_PERSON", true, false, FollowBadData},
	VacantNumber:  {"VACANT_NUMBER", false, false, FollowBadData},
	Fax:           {"FAX", false, false, FollowBadData},
	NumberChanged: {"NUMBER_CHANGED", false, false, FollowBadData},
	Congestion:    {"CONGESTION", false, false, FollowNetwork},
	TrunkError:    {"TRUNK_ERROR", false, false, FollowNetwork},
}

var outcomeByName = func() map[string]Outcome {
	m := make(map[string]Outcome, NumOutcomes)
	for o := Success; int(o) < NumOutcomes; o++ {
		m[outcomes[o].name] = o
	}
	return m
}()

// ParseOutcome reads an outcome's name, such as "NO_ANSWER". The error is of kind KindInvalid.
func ParseOutcome(name string) (Outcome, error) {
	if o, ok := outcomeByName[name]; ok {
		return o, nil
	}
	return NoOutcome, Invalid("outcome", fmt.Sprintf("%q is no outcome", name))
}

// Outcomes lists every outcome in the order of the rule's table.
func Outcomes() []Outcome {
	all := make([]Outcome, 0, NumOutcomes-1)
	for o := Success; int(o) < NumOutcomes; o++ {
		all = append(all, o)
	}
	return all
}

func (o Outcome) row() *struct {
	name           string
	connect, right bool
	follow         Follow
} {
	if int(o) >= NumOutcomes {
		o = NoOutcome
	}
	return &outcomes[o]
}

// String is the outcome's name; empty for no outcome.
func (o Outcome) String() string { return o.row().name }

// Connect says whether a human answered.
func (o Outcome) Connect() bool { return o.row().connect }

// RightParty says whether the lead in person was reached.
func (o Outcome) RightParty() bool { return o.row().right }

// Follow says what the outcome leads to.
func (o Outcome) Follow() Follow { return o.row().follow }

// Counted says whether the attempt counts against caps: every one but those with a network outcome.
func (o Outcome) Counted() bool { return o.row().follow != FollowNetwork }

// BadData says whether the number itself was found wrong.
func (o Outcome) BadData() bool { return o.row().follow == FollowBadData }

// MarshalText writes the name.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the name.
func (o *Outcome) UnmarshalText(b []byte) error {
	p, err := ParseOutcome(string(b))
	if err != nil {
		return err
	}
	*o = p
	return nil
}
