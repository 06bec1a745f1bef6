package scheduler

import (
	"encoding/binary"
	"slices"

	"redial/campaign"
)

// maxRegimes is how many regimes a rulebook keeps. When there are more it forgets all: those in use come back at once.
const maxRegimes = 8192

// settled is terms with the regimes that were compiled from them.
type settled struct {
	terms     Terms
	sites     map[string]*Regime // by zones and places
	calendars map[string]int64   // their versions, by name
	packs     map[string]string  // their versions, by name
}

// settle finds what was settled from the same rules, list, calendars and packs, or settles it.
func (rb *Rulebook) settle(r *campaign.Rules, listHours []campaign.Window, listCalendars []string, calendars []*campaign.Calendar) *settled {
	var buf [512]byte
	key := key(buf[:0]).rules(r).windows(listHours).calendars(r.Calendars, calendars).calendars(listCalendars, calendars)
	rb.mu.RLock()
	s := rb.settled[string(key)]
	rb.mu.RUnlock()
	if s != nil && rb.current(s) {
		return s
	}
	own := *r // what is kept must not change with whose it was
	own.Hours, own.Holidays = slices.Clone(r.Hours), slices.Clone(r.Holidays)
	own.Caps, own.CoolOffs = slices.Clone(r.Caps), slices.Clone(r.CoolOffs)
	own.Packs, own.Waivers = slices.Clone(r.Packs), slices.Clone(r.Waivers)
	s = &settled{sites: map[string]*Regime{}, terms: Terms{
		Rules: &own, ListHours: slices.Clone(listHours), Calendars: named(r.Calendars, calendars),
		ListCalendars: named(listCalendars, calendars), Law: rb.packs(r),
	}}
	s.note()
	rb.mu.Lock()
	defer rb.mu.Unlock()
	if rb.settled == nil || rb.regimes+len(rb.settled) >= maxRegimes {
		rb.settled, rb.regimes = map[string]*settled{}, 0
	}
	rb.settled[string(key)] = s
	return s
}

// current says whether the packs are still those that were settled.
func (rb *Rulebook) current(s *settled) bool {
	if rb.Law == nil {
		return len(s.terms.Law) == 0
	}
	i := 0
	for _, name := range s.terms.Rules.Packs {
		p := rb.Law.Pack(name)
		if p == nil {
			continue
		}
		if i == len(s.terms.Law) || s.terms.Law[i] != p {
			return false
		}
		i++
	}
	return i == len(s.terms.Law)
}

// note is what an attempt keeps of the calendars and the packs that it was checked against.
func (s *settled) note() {
	for _, all := range [][]*campaign.Calendar{s.terms.Calendars, s.terms.ListCalendars} {
		for _, c := range all {
			if s.calendars == nil {
				s.calendars = map[string]int64{}
			}
			s.calendars[c.Name] = c.Version
		}
	}
	for _, p := range s.terms.Law {
		if s.packs == nil {
			s.packs = map[string]string{}
		}
		s.packs[p.Name] = p.Version
	}
}

// at is the regime of a site. Whoever has no place is taken to be in the region.
func (rb *Rulebook) at(s *settled, zones, places []string, region string) *Regime {
	var buf [256]byte
	key := key(buf[:0]).texts(zones)
	if len(places) == 0 {
		key = key.int(-1).text(region)
	}
	key = key.texts(places)
	rb.mu.RLock()
	r := s.sites[string(key)]
	rb.mu.RUnlock()
	if r != nil {
		return r
	}
	locs, err := LoadZones(zones)
	if err != nil {
		return nowhere
	}
	if places = slices.Clone(places); len(places) == 0 && region != "" {
		places = []string{region}
	}
	r = NewRegime(&s.terms, locs, places)
	rb.mu.Lock()
	defer rb.mu.Unlock()
	if first := s.sites[string(key)]; first != nil {
		return first
	}
	if rb.regimes >= maxRegimes {
		rb.settled, rb.regimes = map[string]*settled{}, 0
	}
	rb.regimes++
	s.sites[string(key)] = r
	return r
}

// named are the calendars of these names, in their order; a name without one is passed over.
func named(names []string, all []*campaign.Calendar) []*campaign.Calendar {
	var out []*campaign.Calendar
	for _, name := range names {
		if c := calendarOf(name, all); c != nil {
			out = append(out, c)
		}
	}
	return out
}

func calendarOf(name string, all []*campaign.Calendar) *campaign.Calendar {
	for _, c := range all {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// key is all that a regime depends on, written down.
type key []byte

func (k key) int(n int64) key { return binary.AppendVarint(k, n) }

func (k key) text(s string) key { return append(k.int(int64(len(s))), s...) }

func (k key) texts(all []string) key {
	k = k.int(int64(len(all)))
	for _, s := range all {
		k = k.text(s)
	}
	return k
}

func (k key) rules(r *campaign.Rules) key {
	k = k.windows(r.Hours).int(int64(len(r.Holidays)))
	for _, d := range r.Holidays {
		k = k.int(int64(d.Year)*500 + int64(d.Month)*40 + int64(d.Day))
	}
	k = k.int(int64(len(r.Caps)))
	for i := range r.Caps {
		c := &r.Caps[i]
		k = k.int(int64(c.Scope)<<8 | int64(c.Count)).int(int64(c.Max)).int(int64(c.Period)).int(int64(c.Days))
	}
	k = k.int(int64(len(r.CoolOffs)))
	for i := range r.CoolOffs {
		c := &r.CoolOffs[i]
		k = k.text(string(c.After)).int(int64(c.Scope)).int(int64(c.Period)).int(int64(c.Days))
	}
	k = k.text(string(r.Purpose)).texts(r.Packs).int(int64(len(r.Waivers)))
	for i := range r.Waivers {
		k = k.text(r.Waivers[i].Rule).text(r.Waivers[i].Reason)
	}
	return k
}

func (k key) windows(all []campaign.Window) key {
	k = k.int(int64(len(all)))
	for i := range all {
		w, days := &all[i], int64(0)
		for wd, on := range w.Days {
			if on {
				days |= 1 << wd
			}
		}
		k = k.int(days<<24 | int64(w.Open)<<12 | int64(w.Close))
	}
	return k
}

func (k key) calendars(names []string, all []*campaign.Calendar) key {
	k = k.int(int64(len(names)))
	for _, name := range names {
		k = k.text(name)
		if c := calendarOf(name, all); c != nil {
			k = k.int(int64(c.ID)).int(c.Version).int(c.UpdatedAt.UnixMicro()).int(int64(len(c.Days))<<20 | int64(len(c.Weeks)))
		}
	}
	return k
}
