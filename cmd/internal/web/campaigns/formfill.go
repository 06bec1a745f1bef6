package campaigns

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// limited is a cap or a wait: so many hours, or so many calendar days.
type limited interface {
	GetPeriod() *durationpb.Duration
	GetDays() int32
}

// fill is the form of a campaign. Its base is the campaign as it is, so that what a person changed can be told later from
// what somebody else changed meanwhile.
func fill(c *pb.Campaign) *form {
	f := &form{V: url.Values{}, Wrong: map[string]string{}}
	for name, value := range map[string]string{
		"id": strconv.FormatInt(c.GetId(), 10), "version": strconv.FormatInt(c.GetVersion(), 10),
		"name": c.GetName(), "zone": c.GetZone(), "region": c.GetRegion(), "script": c.GetScript(), "skills": strings.Join(c.GetSkills(), ", "),
	} {
		f.V.Set(name, value)
	}
	f.tick("mask_numbers", c.GetMaskNumbers())
	f.fillRules(c.GetRules(), c.GetZone())
	f.fillRows(c)
	f.fillFloor(c.GetFloor())
	p := c.GetPreCall()
	f.V.Set("pre_call.address", p.GetAddress())
	f.V.Set("pre_call.token_name", p.GetTokenName())
	if d := p.GetDeadline().AsDuration(); d > 0 {
		f.V.Set("pre_call.deadline", strconv.FormatInt(d.Milliseconds(), 10))
	}
	f.tick("pre_call.fail_closed", p.GetFailClosed())
	f.tick("pre_call.plaintext", p.GetPlaintext())
	f.setBase(c)
	return f
}

// setBase keeps the campaign as it was when the form was drawn.
func (f *form) setBase(c *pb.Campaign) {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(c)
	if err == nil {
		f.V.Set("base", string(raw))
	}
	f.V.Set("version", strconv.FormatInt(c.GetVersion(), 10))
}

func (f *form) tick(name string, on bool) {
	if on {
		f.V.Set(name, "on")
	}
}

// count writes a number of which 0 means none, so that it is left empty.
func (f *form) count(name string, n int32) {
	if n != 0 {
		f.V.Set(name, strconv.Itoa(int(n)))
	}
}

func (f *form) wait(name string, d time.Duration) {
	n, unit := waitParts(d)
	f.V.Set(name, n)
	f.V.Set(name+".unit", unit)
}

// waitParts are a wait as a number and the largest unit that it is whole in.
func waitParts(d time.Duration) (n, unit string) {
	for _, u := range []struct {
		name string
		size time.Duration
	}{{"h", time.Hour}, {"m", time.Minute}} {
		if d != 0 && d%u.size == 0 {
			return strconv.FormatInt(int64(d/u.size), 10), u.name
		}
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64), "s"
}

func (f *form) fillRules(r *pb.Rules, zone string) {
	f.wait("rules.interval", r.GetInterval().AsDuration())
	f.count("rules.max_per_day", r.GetMaxPerDay())
	f.count("rules.max_attempts", r.GetMaxAttempts())
	f.count("rules.max_days", r.GetMaxDays())
	if r.GetExpiresAt().IsValid() {
		f.V.Set("rules.expires_at", page.In(r.GetExpiresAt().AsTime(), zone).Format("2006-01-02T15:04:05"))
	}
	f.V.Set("rules.holidays", strings.Join(r.GetHolidays(), "\n"))
	f.V["rules.calendars"] = r.GetCalendars()
	f.V["rules.packs"] = r.GetPacks()
	f.wait("rules.network_retry", r.GetNetworkRetry().AsDuration())
	f.V.Set("rules.network_retry_limit", strconv.Itoa(int(r.GetNetworkRetryLimit())))
	f.tick("rules.rotate", r.GetRotate())
	f.tick("rules.mix_hours", r.GetMixHours())
	f.V.Set("rules.purpose", r.GetPurpose())
	f.V.Set("rules.matter", r.GetMatter())
}

// add is a new row, its values in the order of the columns.
func (f *form) add(name string, values ...string) {
	f.V.Add(name+".row", strconv.Itoa(len(f.V[name+".row"])))
	for i, col := range columns[name].all {
		f.V.Add(name+"."+col, values[i])
	}
}

func (f *form) fillRows(c *pb.Campaign) {
	for _, k := range c.GetCodes() {
		f.add("codes", k.GetCode(), k.GetLabel(), word(k.GetOutcome()))
	}
	r := c.GetRules()
	for i, w := range r.GetHours() {
		f.add("rules.hours", w.GetOpen(), w.GetClose())
		f.V["rules.hours.day."+strconv.Itoa(i)] = w.GetDays()
	}
	for _, o := range r.GetIntervals() {
		n, unit := waitParts(o.GetInterval().AsDuration())
		f.add("rules.intervals", word(o.GetOutcome()), n, unit)
	}
	for _, k := range r.GetCaps() {
		n, unit := periodParts(k)
		f.add("rules.caps", word(k.GetScope()), countWord(k.GetCount()), strconv.Itoa(int(k.GetMax())), n, unit)
	}
	for _, k := range r.GetCoolOffs() {
		n, unit := periodParts(k)
		f.add("rules.cool_offs", k.GetAfter(), word(k.GetScope()), n, unit)
	}
	for _, w := range r.GetWaivers() {
		f.add("rules.waivers", w.GetRule(), w.GetReason())
	}
}

// periodParts are the time of a cap or wait: a wait's parts, or a number of calendar days.
func periodParts(k limited) (n, unit string) {
	if k.GetDays() > 0 {
		return strconv.Itoa(int(k.GetDays())), "days"
	}
	return waitParts(k.GetPeriod().AsDuration())
}

// floorWaits are the times of the floor, in the order of the page.
var floorWaits = []string{"offer_time", "wrap_up", "remind_before", "owner_wait", "grace", "correct_within", "conversation", "lease"}

func (f *form) fillFloor(s *pb.FloorSettings) {
	f.V.Set("floor.fresh_share", fmt.Sprint(float64(int(s.GetFreshShare()*1000+0.5))/10))
	m := s.ProtoReflect()
	for _, name := range floorWaits {
		d, ok := m.Get(floorField(name)).Message().Interface().(*durationpb.Duration)
		if ok {
			f.wait("floor."+name, d.AsDuration())
		}
	}
}
