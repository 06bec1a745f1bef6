package scheduler

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // for what asks time.LoadLocation, to show a time or to know a name: images may lack a zone database

	"redial/campaign"
)

var loaded sync.Map // zone name → *time.Location; only names that exist, so it is as small as the zone database

// LoadZone finds an IANA zone in the zone data in use (TZData), never in the machine's. "", "Local" and names that mean
// the machine's own zone are unknown, for the answer must not depend on the machine. The error is of kind KindInvalid
// and names no field (see campaign.Under).
func LoadZone(name string) (*time.Location, error) {
	if l, ok := loaded.Load(name); ok {
		return l.(*time.Location), nil
	}
	switch name {
	case "", "Local", "localtime", "posixrules":
		return nil, unknownZone(name)
	}
	l, err := zoneData.load(name)
	if err != nil {
		return nil, unknownZone(name)
	}
	// Whoever stored first wins, so that a zone is one pointer in the whole process.
	first, _ := loaded.LoadOrStore(name, l)
	return first.(*time.Location), nil
}

func unknownZone(name string) error {
	return campaign.Invalid("", fmt.Sprintf("%q is no zone: give an IANA name such as Asia/Shanghai", name))
}

// LoadZones finds each zone of a lead. The error names the one that is unknown, such as "[1]".
func LoadZones(names []string) ([]*time.Location, error) {
	zones := make([]*time.Location, len(names))
	for i, name := range names {
		l, err := LoadZone(name)
		if err != nil {
			return nil, campaign.Under(fmt.Sprintf("[%d]", i), err)
		}
		zones[i] = l
	}
	return zones, nil
}

// stretch is a time of constant offset, [start, end), in Unix seconds. Two neighbours may have the same offset.
type stretch struct{ start, end, offset int64 }

// zone is a location with its offsets laid out, so that asking for one costs a few nanoseconds;
// time.Location works the rule of the year out anew for every instant after its last recorded change.
type zone struct {
	ask       func(t int64) stretch // of the location itself; a closure, so that the compiler sees that no zone escapes
	stretches []stretch             // without gaps, from tableFrom to tableTo; nil: always ask
	first     []uint16              // index of the stretch at the start of each 2^bucketBits seconds
}

const (
	tableFrom  = 946684800  // 2000-01-01
	tableTo    = 2840140800 // 2060-01-01; instants outside are asked of time.Location
	bucketBits = 22         // 48.5 days: seldom two changes in one
	far        = int64(1) << 60
	maxTables  = 4096 // more locations than there are zones: somebody loads them anew each time
)

var (
	tables     sync.Map // *time.Location → *zone
	tableCount atomic.Int64
)

func zoneOf(loc *time.Location) *zone {
	if z, ok := tables.Load(loc); ok {
		return z.(*zone)
	}
	if tableCount.Load() >= maxTables {
		return askZone(loc)
	}
	z, known := tables.LoadOrStore(loc, newZone(loc))
	if !known {
		tableCount.Add(1)
	}
	return z.(*zone)
}

// zonesOf appends the tables of a lead's zones to buf.
func zonesOf(buf []*zone, locs []*time.Location) []*zone {
	for _, l := range locs {
		buf = append(buf, zoneOf(l))
	}
	return buf
}

func askZone(loc *time.Location) *zone {
	return &zone{ask: func(t int64) stretch { return ask(loc, t) }}
}

func newZone(loc *time.Location) *zone {
	z := askZone(loc)
	for t := int64(tableFrom); t < tableTo; {
		s := ask(loc, t)
		s.start = t
		if n := len(z.stretches); n > 0 && z.stretches[n-1].offset == s.offset {
			z.stretches[n-1].end = s.end
		} else {
			z.stretches = append(z.stretches, s)
		}
		t = s.end
	}
	i := 0
	for t := int64(tableFrom); t < tableTo; t += 1 << bucketBits {
		for z.stretches[i].end <= t {
			i++
		}
		z.first = append(z.first, uint16(i))
	}
	return z
}

// at is the stretch around t.
func (z *zone) at(t int64) stretch {
	if t < tableFrom || t >= tableTo || z.stretches == nil {
		return z.ask(t)
	}
	i := int(z.first[(t-tableFrom)>>bucketBits])
	for z.stretches[i].end <= t {
		i++
	}
	return z.stretches[i]
}

// ask works a stretch out from time.Location. ZoneBounds cannot be trusted alone: past a zone's last recorded
// change it ends every year after 365 days, so on the last day of a leap year the end lies before t.
func ask(loc *time.Location, t int64) stretch {
	at := time.Unix(t, 0).In(loc)
	_, off := at.Zone()
	begin, end := at.ZoneBounds()
	s := stretch{start: -far, end: far, offset: int64(off)}
	if !begin.IsZero() {
		s.start = min(begin.Unix(), t)
	}
	if !end.IsZero() {
		s.end = end.Unix()
	}
	if s.end <= t {
		s.end = t + 1
		for s.end < t+86400 && offsetAt(loc, s.end) == s.offset {
			s.end += 900
		}
		for s.end > t+1 && offsetAt(loc, s.end-1) != s.offset {
			s.end--
		}
	}
	return s
}

func offsetAt(loc *time.Location, t int64) int64 {
	_, off := time.Unix(t, 0).In(loc).Zone()
	return int64(off)
}

// day is the local date of t as days since 1970-01-01.
func (z *zone) day(t int64) int64 {
	d, _ := split(t + z.at(t).offset)
	return d
}

// later is the first instant after t whose local date is later than t's.
func (z *zone) later(t int64) int64 {
	today := z.day(t)
	for {
		s := z.at(t)
		d, sec := split(t + s.offset)
		if d > today {
			return t
		}
		t = min(t+86400-sec, s.end)
	}
}

// split cuts local seconds into the day since 1970-01-01 and the second of that day.
func split(local int64) (day, sec int64) {
	day, sec = local/86400, local%86400
	if sec < 0 {
		day, sec = day-1, sec+86400
	}
	return day, sec
}

// instant is the time of Unix seconds, in UTC.
func instant(t int64) time.Time { return time.Unix(t, 0).UTC() }
