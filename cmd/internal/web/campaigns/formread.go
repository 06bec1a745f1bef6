package campaigns

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
)

// floorField is a field of the floor's settings.
func floorField(name string) protoreflect.FieldDescriptor {
	return (&pb.FloorSettings{}).ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(name))
}

// read is the campaign that was typed. What cannot be read at all is noted as wrong, by the key of its text; whether the
// rest may stand the API says.
func (f *form) read() *pb.Campaign {
	c := &pb.Campaign{
		Name: f.Get("name"), Zone: f.Get("zone"), Region: strings.ToUpper(f.Get("region")), Script: strings.ReplaceAll(f.V.Get("script"), "\r\n", "\n"),
		Skills: trimmed(f.words("skills")), MaskNumbers: f.Get("mask_numbers") != "",
	}
	c.Id, _ = strconv.ParseInt(f.Get("id"), 10, 64) // none, or wrong: the API knows none such
	c.Version, _ = strconv.ParseInt(f.Get("version"), 10, 64)
	c.Rules = f.readRules(c.GetZone())
	f.readRows(c)
	c.Floor = f.readFloor()
	if f.Get("pre_call.address") != "" {
		c.PreCall = &pb.PreCall{
			Address: f.Get("pre_call.address"), TokenName: f.Get("pre_call.token_name"),
			FailClosed: f.Get("pre_call.fail_closed") != "", Plaintext: f.Get("pre_call.plaintext") != "",
		}
		if ms := f.number("pre_call.deadline", f.Get("pre_call.deadline")); ms > 0 {
			c.PreCall.Deadline = durationpb.New(time.Duration(ms) * time.Millisecond)
		}
	}
	return c
}

// base is the campaign as it was when the form was drawn; empty if that is not known.
func (f *form) base() *pb.Campaign {
	c := &pb.Campaign{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal([]byte(f.V.Get("base")), c); err != nil {
		return &pb.Campaign{}
	}
	return c
}

// words are values with commas, spaces or lines between them.
func (f *form) words(name string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(f.V.Get(name), func(r rune) bool {
		return r == ',' || r == '\n' || r == '\r' || r == ';' || r == '，' || r == '、'
	}), func(s string) bool { return strings.TrimSpace(s) == "" })
}

func trimmed(all []string) []string {
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// number is a whole number from 0; an empty text is 0.
func (f *form) number(name, text string) int32 {
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		f.wrong(name, "camp_bad_number")
		return 0
	}
	return int32(n)
}

var units = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}

// wait is a time of so many units; nil for an empty text, which is the default.
func (f *form) waitOf(name, text, unit string) *durationpb.Duration {
	if text == "" {
		return nil
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
	size, ok := units[unit]
	if most := float64(math.MaxInt64); err != nil || !ok || n < 0 || n*float64(size) >= most {
		f.wrong(name, "camp_bad_wait")
		return nil
	}
	return durationpb.New(time.Duration(n * float64(size)).Round(time.Second))
}

func (f *form) readRules(zone string) *pb.Rules {
	perDay, limit := f.number("rules.max_per_day", f.Get("rules.max_per_day")), f.number("rules.network_retry_limit", f.Get("rules.network_retry_limit"))
	r := &pb.Rules{
		Interval: f.waitOf("rules.interval", f.Get("rules.interval"), f.Get("rules.interval.unit")), MaxPerDay: &perDay,
		MaxAttempts: f.number("rules.max_attempts", f.Get("rules.max_attempts")), MaxDays: f.number("rules.max_days", f.Get("rules.max_days")),
		Holidays: dates(f.V.Get("rules.holidays")), Calendars: f.V["rules.calendars"], Packs: f.V["rules.packs"],
		NetworkRetry:      f.waitOf("rules.network_retry", f.Get("rules.network_retry"), f.Get("rules.network_retry.unit")),
		NetworkRetryLimit: &limit, Rotate: f.Get("rules.rotate") != "", MixHours: f.Get("rules.mix_hours") != "",
		Purpose: f.Get("rules.purpose"), Matter: f.Get("rules.matter"),
	}
	if f.Get("rules.network_retry_limit") == "" {
		r.NetworkRetryLimit = nil
	}
	if text := f.Get("rules.expires_at"); text != "" {
		r.ExpiresAt = f.instant("rules.expires_at", text, zone)
	}
	return r
}

// instant is a wall time in a zone.
func (f *form) instant(name, text, zone string) *timestamppb.Timestamp {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC // the zone itself is refused
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, loc); err == nil {
			return timestamppb.New(t)
		}
	}
	f.wrong(name, "camp_bad_instant")
	return nil
}

// dates are days with spaces, commas or lines between them; the API says which of them are none.
func dates(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;，、\r\n\t", r) })
}

func (f *form) readRows(c *pb.Campaign) {
	for _, r := range f.Rows("codes") {
		c.Codes = append(c.Codes, &pb.OutcomeCode{Code: r.Get("code"), Label: r.Get("label"), Outcome: outcome(r.Get("outcome"))})
	}
	rules := c.GetRules()
	for _, r := range f.Rows("rules.hours") {
		rules.Hours = append(rules.Hours, &pb.Window{Days: f.V["rules.hours.day."+r.Key()], Open: r.Get("open"), Close: r.Get("close")})
	}
	for _, r := range f.Rows("rules.intervals") {
		rules.Intervals = append(rules.Intervals, &pb.OutcomeInterval{
			Outcome: outcome(r.Get("outcome")), Interval: f.waitOf(r.path("interval"), r.Get("interval"), r.Get("unit")),
		})
	}
	for _, r := range f.Rows("rules.caps") {
		k := &pb.Cap{
			Scope: scope(r.Get("scope")), Max: f.number(r.path("max"), r.Get("max")),
			Count: pb.CapCount(pb.CapCount_value["CAP_COUNT_"+strings.ToUpper(r.Get("count"))]),
		}
		k.Period, k.Days = f.period(r)
		rules.Caps = append(rules.Caps, k)
	}
	for _, r := range f.Rows("rules.cool_offs") {
		k := &pb.CoolOff{After: r.Get("after"), Scope: scope(r.Get("scope"))}
		k.Period, k.Days = f.period(r)
		rules.CoolOffs = append(rules.CoolOffs, k)
	}
	for _, r := range f.Rows("rules.waivers") {
		rules.Waivers = append(rules.Waivers, &pb.Waiver{Rule: r.Get("rule"), Reason: r.Get("reason")})
	}
}

func scope(name string) pb.CapScope {
	return pb.CapScope(pb.CapScope_value["CAP_SCOPE_"+strings.ToUpper(name)])
}

// period is the time of a cap or wait.
func (f *form) period(r row) (*durationpb.Duration, int32) {
	if r.Get("unit") == "days" {
		return nil, f.number(r.path("period"), r.Get("period"))
	}
	return f.waitOf(r.path("period"), r.Get("period"), r.Get("unit")), 0
}

func (f *form) readFloor() *pb.FloorSettings {
	s := &pb.FloorSettings{}
	if text := f.Get("floor.fresh_share"); text != "" {
		share, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
		if err != nil {
			f.wrong("floor.fresh_share", "camp_bad_number")
		}
		s.FreshShare = share / 100
	}
	m := s.ProtoReflect()
	for _, name := range floorWaits {
		full := "floor." + name
		if d := f.waitOf(full, f.Get(full), f.Get(full+".unit")); d != nil {
			m.Set(floorField(name), protoreflect.ValueOfMessage(d.ProtoReflect()))
		}
	}
	return s
}
