package simulate

import (
	"cmp"
	"slices"

	"redial/campaign"
	"redial/dialer/carrier/sim"
	"redial/scheduler"
)

// dispatch gives the agents who wait what the floor would: a promise that is due, else a CALL_LATER of the agent's own,
// else the first lead in the order of offering, campaign by campaign in the agent's turns.
func (w *world) dispatch() error {
	w.dirty = false
	if len(w.waiting) == 0 {
		return nil
	}
	for _, f := range w.floors {
		if err := f.doors.look(); err != nil {
			return err
		}
		for _, g := range f.doors.open {
			g.ripen(w.ms)
		}
		f.tally.dry = false
	}
	if err := w.serve(); err != nil {
		return err
	}
	for _, a := range slices.Clone(w.waiting) {
		if !a.waits || w.keptFree(a) {
			continue
		}
		if err := w.ordinary(a); err != nil {
			return err
		}
	}
	w.wakeLater()
	return nil
}

// ordinary finds a lead for an agent without a promise.
func (w *world) ordinary(a *agent) error {
	for len(a.own.all) > 0 && a.own.all[0].at <= w.ms/1000 {
		c := a.own.all[0]
		if c.lead.gen == c.gen && !c.lead.group.open {
			break // its group is shut: it stays the agent's own until it opens
		}
		a.own.pop()
		if c.lead.gen != c.gen {
			continue
		}
		if got, err := w.claim(a, c.lead); got || err != nil {
			return err
		}
	}
	live := make([]campaign.Membership, 0, 8)
	for _, m := range a.members {
		if !w.byID[m.CampaignID].tally.dry {
			live = append(live, m)
		}
	}
	if len(live) == 0 {
		return nil
	}
	for _, id := range a.order(live) {
		got, err := w.offer(a, w.byID[id])
		if got || err != nil {
			return err
		}
	}
	return nil
}

// order is where the agent looks first.
func (a *agent) order(live []campaign.Membership) []campaign.CampaignID {
	if len(live) == 1 {
		return []campaign.CampaignID{live[0].CampaignID}
	}
	return a.rota.Order(live)
}

// offer gives the agent the campaign's first lead that may be called; false: it has none.
func (w *world) offer(a *agent, f *floor) (bool, error) {
	for {
		fresh := f.mix.Fresh(f.Floor.FreshShare)
		l := f.take(fresh)
		if l == nil {
			l = f.take(!fresh)
		}
		if l == nil {
			f.tally.dry = true
			w.ranDry(f)
			return false, nil
		}
		isFresh := len(l.Tries) == 0
		got, err := w.claim(a, l)
		if err = cmp.Or(err, w.check.failed); err != nil {
			return false, err
		}
		if got {
			a.rota.Took(f.ID, a.members)
			f.mix.Took(f.Floor.FreshShare, isFresh)
			return true, nil
		}
	}
}

// ranDry notes the lists that have nothing for an agent who waits though somebody could be called by the hours.
func (w *world) ranDry(f *floor) {
	for _, g := range f.doors.open {
		if g.list.tally.dryAt.IsZero() {
			g.list.tally.dryAt = w.now
		}
	}
}

// wakeLater sets the event at which waiting agents look again.
func (w *world) wakeLater() {
	if len(w.waiting) == 0 {
		return
	}
	at := int64(0)
	for _, f := range w.floors {
		if t := f.next(); t > w.ms && (at == 0 || t < at) {
			at = t
		}
	}
	if at != 0 && (w.wakeAt <= w.ms || at < w.wakeAt) {
		w.wakeAt = at
		w.push(event{at: at, kind: evWake})
	}
}

// Salts keep the draws for different things apart, so that one more of these does not change those.
const (
	saltCall    = 0x63616c6c
	saltCard    = 0x63617264
	saltBooking = 0x626f6f6b
)

// seed begins the draws for one thing. They depend on the scenario's seed and on what they are for, and on nothing
// that happened before: another rule, another number of agents, and the same lead answers the same call alike.
func (w *world) seed(salt, what uint64) {
	w.pcg.Seed(w.scn.Seed*0x9e3779b97f4a7c15+salt, what)
}

// sample draws what the far end does with a call made now.
func (w *world) sample(l *lead) sim.Sample {
	w.seed(saltCall, uint64(l.ID)<<16|uint64(len(l.Tries)))
	hour := w.now.Hour()
	if loc, err := scheduler.LoadZone(l.Zones[0]); err == nil {
		hour = w.now.In(loc).Hour()
	}
	return w.scn.Outcomes.Sample(w.rng, hour, len(l.Tries))
}
