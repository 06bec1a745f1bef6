package scheduler

import (
	"sync"
	"time"

	"redial/campaign"
)

// Facts are all that decides whether a lead may be called at Now. Judge and Explain read them and nothing else.
type Facts struct {
	Campaign *campaign.Campaign
	List     *campaign.List // nil: not asked
	Lead     *campaign.Lead
	Zones    []*time.Location // the lead's, as LoadZones finds them
	Question Question         // to the rule of time; suppressions not in force at Now are passed over, and its Now is not read
	Holder   string           // who holds the lead, for people; empty: somebody
	Mine     bool             // the asking agent holds the lead (StartCall): being held closes nothing
	Now      time.Time
	settled  *settled
	missing  string // a law pack that is switched on and not known here; empty: none
}

// Judgement says whether a lead may be called now. When it may not, Binding is the first gate that forbids it.
type Judgement struct {
	Plan     campaign.Plan // of the rule of time, over the numbers that are not suppressed
	Callable bool
	Binding  string               // the name of the gate; empty when callable
	OpenAt   time.Time            // when that gate opens by itself; zero: never, or unknown
	Detail   string               // why, for people, in English; empty when callable
	Exempt   []campaign.Exemption // when callable: rules of the law that would have forbidden it, and why they did not
	site     campaign.Site        // of the number to dial, when callable
}

// Judge is the dispatcher's check at the claim and again at dialling. It allocates only what tells people why not, and
// what exempted the call.
func Judge(f *Facts) Judgement {
	q := inquire(f)
	defer q.done()
	j := Judgement{Plan: q.plan, Callable: true}
	for i := range gates {
		if v := gates[i].judge(q); !v.open {
			return Judgement{Plan: j.Plan, Binding: gates[i].name, OpenAt: v.openAt, Detail: v.detail(q)}
		}
	}
	j.Exempt = q.d.exempt(q.d.now)
	consent, _ := q.d.consent(campaign.ConsentHours, 0, q.d.now)
	j.site = campaign.Site{Zones: q.d.reg.names, Places: q.d.reg.places, Consented: consent != nil}
	return j
}

// Explain gives every gate in the order in which Judge tries them, by the same code: the lead is callable when all
// are open, and the first that is closed is the one that binds.
func Explain(f *Facts) []campaign.Gate {
	q := inquire(f)
	defer q.done()
	all := make([]campaign.Gate, len(gates))
	for i := range gates {
		v := gates[i].judge(q)
		all[i] = campaign.Gate{Name: gates[i].name, Open: v.open, OpenAt: v.openAt, Detail: v.detail(q)}
	}
	return all
}

// inquiry is one look at the facts.
type inquiry struct {
	f        *Facts
	question Question
	d        decision
	plan     campaign.Plan
	promise  *campaign.Appointment // open, or nil
}

var inquiries = sync.Pool{New: func() any { return new(inquiry) }}

// inquire states the question and has it decided, so that the gates are about the number that would be dialled; call
// done when it is answered.
func inquire(f *Facts) *inquiry {
	q := inquiries.Get().(*inquiry)
	q.f, q.question = f, f.Question
	q.question.Now = f.Now
	if standing(f.Question.Promise) {
		q.promise = f.Question.Promise
	}
	q.d.ask(&q.question)
	q.plan = q.d.plan()
	return q
}

func (q *inquiry) done() {
	*q = inquiry{}
	inquiries.Put(q)
}

// at is the instant that the gates of hours and law are asked about: now, or that of a promise still to come.
func (q *inquiry) at() int64 {
	if q.promise == nil {
		return q.d.now
	}
	return max(q.d.now, q.promise.At.Unix())
}

// due says whether the promise's time has come; its grace may be over.
func (q *inquiry) due() bool { return q.promise != nil && !q.f.Now.Before(q.promise.At) }

// view is what a gate says: whether it is open, when it opens by itself, and why.
type view struct {
	open   bool
	openAt time.Time
	text   string                // why
	say    func(*inquiry) string // why, where the words depend on the facts; nil: text
}

func (v *view) detail(q *inquiry) string {
	if v.say != nil {
		return v.say(q)
	}
	return v.text
}

func pass(text string) view { return view{open: true, text: text} }

func shut(text string) view { return view{text: text} }

func shutUntil(t time.Time, text string) view { return view{openAt: t, text: text} }

// gates in the order of trying. Package campaign's Gate lists the names.
var gates = [...]struct {
	name  string
	judge func(*inquiry) view
}{
	{"campaign", campaignGate},
	{"list", listGate},
	{"state", stateGate},
	{"suppression", suppressionGate},
	{"number", numberGate},
	{"consent", consentGate},
	{"max_attempts", attemptsGate},
	{"held_off", heldGate},
	{"interval", intervalGate},
	{"hours", hoursGate},
	{"law_hours", lawHoursGate},
	{"day_cap", dayCapGate},
	{"rolling_cap", rollingCapGate},
	{"cool_off", coolOffGate},
	{"law_cap", lawCapGate},
	{"max_days", maxDaysGate},
	{"expires_at", expiryGate},
	{"promise", promiseGate},
}
