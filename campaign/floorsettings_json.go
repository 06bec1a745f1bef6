package campaign

import (
	"encoding/json"
	"fmt"
	"time"
)

// UnmarshalJSON reads floor settings; absent fields are those of DefaultFloor. An unknown field or a bad value is
// an error of kind KindInvalid that names it, such as "floor.grace", and leaves the settings unchanged.
func (f *FloorSettings) UnmarshalJSON(raw []byte) error {
	if !json.Valid(raw) {
		return Invalid("floor", "is not JSON")
	}
	read := DefaultFloor()
	err := StrictObject(raw, func(name string, v []byte) (err error) {
		if name == "fresh_share" {
			read.FreshShare, err = strictShare(v)
			return err
		}
		for _, w := range read.waits() {
			if w.name == name {
				*w.d, err = StrictDuration(v)
				return err
			}
		}
		names := []string{"fresh_share"}
		for _, w := range read.waits() {
			names = append(names, w.name)
		}
		return unknownField("the settings are", names...)
	})
	if err != nil {
		return Under("floor", err)
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*f = read
	return nil
}

// MarshalJSON writes every field, durations as Go strings.
func (f FloorSettings) MarshalJSON() ([]byte, error) {
	out := fmt.Appendf(nil, `{"fresh_share":%v`, f.FreshShare)
	for _, w := range f.waits() {
		out = fmt.Appendf(out, `,%q:%q`, w.name, Duration(*w.d))
	}
	return append(out, '}'), nil
}

// Validate says what is wrong with the settings, every fault at once, each by its field such as "floor.lease".
func (f FloorSettings) Validate() error {
	var bad faults
	if !(f.FreshShare >= 0 && f.FreshShare <= 1) {
		bad.add("floor.fresh_share", fmt.Sprintf("%v is no share: give a number from 0 to 1", f.FreshShare))
	}
	for _, w := range f.waits() {
		if *w.d < 0 {
			bad.add("floor."+w.name, fmt.Sprintf("%v is negative: give 0 or more", *w.d))
		}
	}
	if f.OfferTime == 0 {
		bad.add("floor.offer_time", "must be above 0, or every offer lapses at once")
	}
	if f.Lease < f.OfferTime || f.Lease == 0 {
		bad.add("floor.lease", fmt.Sprintf("%v is shorter than offer_time, %v: the lead would be taken away before the offer lapses",
			f.Lease, f.OfferTime))
	}
	if f.OwnerWait > f.Grace {
		bad.add("floor.owner_wait", fmt.Sprintf("%v is longer than grace, %v: the promise would be missed before anybody else may take it",
			f.OwnerWait, f.Grace))
	}
	return bad.err()
}

type floorWait struct {
	name string
	d    *time.Duration
}

func (f *FloorSettings) waits() [8]floorWait {
	return [8]floorWait{
		{"remind_before", &f.RemindBefore}, {"owner_wait", &f.OwnerWait}, {"grace", &f.Grace},
		{"offer_time", &f.OfferTime}, {"wrap_up", &f.WrapUp}, {"lease", &f.Lease},
		{"conversation", &f.Conversation}, {"correct_within", &f.CorrectWithin},
	}
}
