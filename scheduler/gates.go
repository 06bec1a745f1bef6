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
	Zones    []*time.Location      // the lead's, as LoadZones finds them
	Promise  *campaign.Appointment // the lead's open appointment; nil: none
	// Suppressions are those of the lead's numbers, the new ones of its tries included; those not in force at Now are
	// passed over.
	Suppressions []campaign.Suppression
	// NumberUses gives the placed-at of every counted or reserved use of a number in all campaigns, in any order; for
	// the agent who holds the lead, without that reservation. nil: nobody else calls it.
	NumberUses func(campaign.Phone) []time.Time
	Holder     string // who holds the lead, for people; empty: somebody
	Mine       bool   // the asking agent holds the lead (StartCall): being held closes nothing
	Now        time.Time
}

// Judgement says whether a lead may be called now. When it may not, Binding is the first gate that forbids it.
type Judgement struct {
	Plan     campaign.Plan // of the rule of time, over the numbers that are not suppressed
	Callable bool
	Binding  string    // the name of the gate; empty when callable
	OpenAt   time.Time // when that gate opens by itself; zero: never, or unknown
	Detail   string    // why, for people, in English; empty when callable
}

// Judge is the dispatcher's check at the claim and again at dialling. It allocates only what tells people why not.
func Judge(f *Facts) Judgement {
	q, number := inquire(f)
	defer q.done()
	j := Judgement{Plan: numbered(q.plan(), number), Callable: true}
	for i := range gates {
		if v := gates[i].judge(q); !v.open {
			return Judgement{Plan: j.Plan, Binding: gates[i].name, OpenAt: v.openAt, Detail: v.detail(q)}
		}
	}
	return j
}

// Explain gives every gate in the order in which Judge tries them, by the same code: the lead is callable when all
// are open, and the first that is closed is the one that binds.
func Explain(f *Facts) []campaign.Gate {
	q, _ := inquire(f)
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
	f       *Facts
	d       decision
	promise *campaign.Appointment // open, or nil
	zones   [8]*zone
	phones  [8]Number
}

var inquiries = sync.Pool{New: func() any { return new(inquiry) }}

// inquire states the question and returns the number to dial next; call done when it is answered.
func inquire(f *Facts) (*inquiry, campaign.Phone) {
	q := inquiries.Get().(*inquiry)
	q.f = f
	if standing(f.Promise) {
		q.promise = f.Promise
	}
	lead := Lead{Numbers: q.phones[:0]}
	for i := range f.Lead.Numbers {
		lead.Numbers = append(lead.Numbers, Number{Phone: f.Lead.Numbers[i].Phone})
	}
	q.d.cal.zones = zonesOf(q.zones[:0], f.Zones)
	return q, q.d.open(&f.Campaign.Rules, &lead, f.Lead.Tries, f.Suppressions, f.Now)
}

func (q *inquiry) done() {
	*q = inquiry{}
	inquiries.Put(q)
}

// plan is the rule's answer; a lead whose good numbers are all suppressed is suppressed, not out of numbers.
func (q *inquiry) plan() campaign.Plan {
	if q.d.number == "" && q.d.blocked {
		if p, ended := q.d.ended(); ended {
			return p
		}
		return campaign.Plan{Verdict: campaign.VerdictSuppressed, Reason: campaign.ReasonDoNotCall}
	}
	return q.d.plan(q.promise)
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
	{"max_attempts", attemptsGate},
	{"interval", intervalGate},
	{"hours", hoursGate},
	{"day_cap", dayCapGate},
	{"rolling_cap", rollingCapGate},
	{"number_cap", numberCapGate},
	{"max_days", maxDaysGate},
	{"expires_at", expiryGate},
	{"promise", promiseGate},
}
