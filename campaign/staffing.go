package campaign

import (
	"fmt"
	"math"
	"time"
)

// Workload is what a staff estimate reckons with. Shares are 0..1; every number must be given: zero means none.
type Workload struct {
	Leads           int64
	AttemptsPerLead float64       // until a lead is finished or exhausted
	ConnectRate     float64       // of attempts
	Talk            time.Duration // of a connect, placing to the end of the conversation
	Ring            time.Duration // of an attempt that is not answered
	WrapUp          time.Duration // after-call work of any attempt
	InboundPerHour  float64       // calls that the same people take
	InboundHandling time.Duration // talk and after-call work of one
	Shift           time.Duration // that one person is paid for, a day
	Shrinkage       float64       // of a shift: breaks, training, absence; below 1
	Occupancy       float64       // of the time signed in that is work on calls; above 0
	TargetDays      float64       // calling days in which it is to be done
	Open            [24]float64   // share of each hour of the day in which may be called, 0..1
	DaysPerWeek     float64       // calling days a week; who calls works 5 of them
}

// Staffing is what a workload takes.
type Staffing struct {
	Attempts  float64 // in all
	Handling  time.Duration
	WorkHours float64 // hours of agents for the outbound calls alone
	Seats     int     // the most agents at one time
	People    int     // on the rota, absences and days off included
	Hours     []StaffHour
	Formula   []string // with the numbers, line by line
	Warnings  []string
}

// StaffHour is the need in one hour of the day.
type StaffHour struct {
	Hour     int     // 0..23
	Attempts float64 // to make in it
	Load     float64 // hours of agents at work on calls, inbound and outbound
	Seats    int
}

// The service level that inbound calls are staffed for: 80 % answered within 20 s, the trade's usual one (Erlang C).
const (
	serviceLevel = 0.8
	serviceTime  = 20 * time.Second
	maxSeats     = 100_000
)

// Staff estimates seats and people. It is the arithmetic of the trade: attempts times handling time is work; work over
// occupancy is time signed in; that over what a person is there for is people. Outbound calls can be spread evenly
// over the open hours; inbound ones come as they please, so that an hour has at least the seats that Erlang C asks
// for. Errors are of kind KindInvalid and name the field as the request calls it.
func Staff(w Workload) (Staffing, error) {
	if err := w.validate(); err != nil {
		return Staffing{}, err
	}
	open := 0.0
	for _, share := range w.Open {
		open += share
	}
	s := Staffing{Attempts: float64(w.Leads) * w.AttemptsPerLead, Handling: w.handling()}
	s.WorkHours = s.Attempts * s.Handling.Hours()
	daily := s.Attempts / w.TargetDays
	signedIn := 0.0
	for h, share := range w.Open {
		if share == 0 {
			continue
		}
		hour := StaffHour{Hour: h, Attempts: daily * share / open}
		inbound := w.InboundPerHour * w.InboundHandling.Hours()
		hour.Load = hour.Attempts*s.Handling.Hours() + inbound*share
		// An hour that is open for half of it has its work in that half.
		hour.Seats = max(ceil(hour.Load/share/w.Occupancy), erlangSeats(inbound, w.InboundHandling))
		signedIn += float64(hour.Seats) * share
		s.Seats = max(s.Seats, hour.Seats)
		s.Hours = append(s.Hours, hour)
	}
	present := w.Shift.Hours() * (1 - w.Shrinkage)
	rota := max(w.DaysPerWeek/5, 1)
	s.People = max(ceil(signedIn/present*rota), s.Seats)
	s.Formula = w.formula(&s, open, daily, signedIn, present, rota)
	s.Warnings = w.doubts(&s, present)
	return s, nil
}

// handling is the mean time an attempt takes an agent.
func (w *Workload) handling() time.Duration {
	mean := w.ConnectRate*w.Talk.Seconds() + (1-w.ConnectRate)*w.Ring.Seconds() + w.WrapUp.Seconds()
	return time.Duration(mean * float64(time.Second))
}

// ceil rounds up what is not whole but for the noise of floating point.
func ceil(x float64) int { return int(math.Ceil(x - 1e-9)) }

// erlangSeats are the fewest agents who answer serviceLevel of the calls within serviceTime by Erlang C. Load is in
// erlangs: hours of work an hour.
func erlangSeats(load float64, handling time.Duration) int {
	if load <= 0 || handling <= 0 {
		return 0
	}
	blocked := 1.0 // Erlang B for n agents, by its recurrence
	for n := 1; n <= maxSeats; n++ {
		blocked = load * blocked / (float64(n) + load*blocked)
		if float64(n) <= load {
			continue
		}
		waits := blocked / (1 - load/float64(n)*(1-blocked))
		late := waits * math.Exp(-(float64(n)-load)*serviceTime.Seconds()/handling.Seconds())
		if 1-late >= serviceLevel {
			return n
		}
	}
	return maxSeats
}

func (w *Workload) formula(s *Staffing, open, daily, signedIn, present, rota float64) []string {
	lines := []string{
		fmt.Sprintf("attempts = leads x attempts a lead = %d x %.2f = %.0f", w.Leads, w.AttemptsPerLead, s.Attempts),
		fmt.Sprintf("handling time = connect rate x talk + (1 - connect rate) x ring + wrap-up = %.3f x %.0f s + %.3f x %.0f s + %.0f s = %.1f s",
			w.ConnectRate, w.Talk.Seconds(), 1-w.ConnectRate, w.Ring.Seconds(), w.WrapUp.Seconds(), s.Handling.Seconds()),
		fmt.Sprintf("work = attempts x handling time = %.1f h", s.WorkHours),
		fmt.Sprintf("attempts a day = %.0f / %g days = %.0f, spread over %.1f open hours", s.Attempts, w.TargetDays, daily, open),
	}
	if w.InboundPerHour > 0 {
		lines = append(lines, fmt.Sprintf("inbound = %.1f calls an hour x %.0f s = %.2f agents at work in each open hour; Erlang C, 80 %% within 20 s: at least %d seats",
			w.InboundPerHour, w.InboundHandling.Seconds(), w.InboundPerHour*w.InboundHandling.Hours(),
			erlangSeats(w.InboundPerHour*w.InboundHandling.Hours(), w.InboundHandling)))
	}
	return append(lines,
		fmt.Sprintf("seats in an hour = work in it / occupancy %.2f, rounded up; the most: %d", w.Occupancy, s.Seats),
		fmt.Sprintf("time signed in a day = sum of seats over the open hours = %.1f h", signedIn),
		fmt.Sprintf("people = time signed in / (shift %.2g h x (1 - shrinkage %.2f)) x %.2f for days off = %.1f h / %.2f h x %.2f, rounded up, at least the seats = %d",
			w.Shift.Hours(), w.Shrinkage, rota, signedIn, present, rota, s.People),
	)
}

func (w *Workload) doubts(s *Staffing, present float64) []string {
	var out []string
	if s.Attempts > 0 && s.Seats == 1 && s.Hours[0].Load < 0.5 {
		out = append(out, "the work is less than half a seat: fewer hours a day or fewer days would do")
	}
	if w.Occupancy > 0.9 {
		out = append(out, fmt.Sprintf("an occupancy of %.0f %% wears people out; 75 to 85 %% is usual", w.Occupancy*100))
	}
	if w.ConnectRate == 0 {
		out = append(out, "nobody would ever answer: the connect rate is 0")
	}
	if present < 1 {
		out = append(out, fmt.Sprintf("a person is there for %.1f h of a shift: is the shrinkage right?", present))
	}
	return out
}

func (w *Workload) validate() error {
	var f faults
	if w.Leads < 0 {
		f.add("leads", "must be 0 or more")
	}
	for _, part := range []struct {
		field    string
		value    float64
		from, to float64
		message  string
	}{
		{"attempts_per_lead", w.AttemptsPerLead, 0, 1000, "must be from 0 to 1000"},
		{"connect_rate", w.ConnectRate, 0, 1, "is a share: give a number from 0 to 1, such as 0.3"},
		{"inbound_per_hour", w.InboundPerHour, 0, 1e6, "must be from 0 to 1,000,000"},
		{"shrinkage", w.Shrinkage, 0, 0.99, "is a share of the shift: give a number from 0 to below 1, such as 0.3"},
		{"occupancy", w.Occupancy, 0.01, 1, "is a share: give a number above 0, up to 1, such as 0.85"},
		{"target_days", w.TargetDays, 0.01, 10_000, "must be above 0"},
	} {
		if !(part.value >= part.from && part.value <= part.to) { // written so that NaN is refused
			f.add(part.field, part.message)
		}
	}
	for _, part := range []struct {
		field string
		value time.Duration
		least time.Duration
	}{
		{"talk", w.Talk, 0},
		{"ring", w.Ring, 0},
		{"wrap_up", w.WrapUp, 0},
		{"inbound_handling", w.InboundHandling, 0},
		{"shift", w.Shift, time.Minute},
	} {
		if part.value < part.least || part.value > 24*time.Hour {
			f.add(part.field, fmt.Sprintf("must be from %s to 24h", Duration(part.least)))
		}
	}
	if w.Open == [24]float64{} {
		f.add("hours", "no hour of the day is open: nobody could be called")
	}
	return f.err()
}

// OpenShare is how much of each hour of the day the windows hold, on average over the days that have any, and how
// many days a week have.
func OpenShare(windows []Window) (share [24]float64, days float64) {
	var minutes [24]int
	open := 0
	for d := range 7 {
		var day [1440]bool
		any := false
		for i := range windows {
			w := &windows[i]
			if !w.Days[d] {
				continue
			}
			for m := w.Open; m < w.Close; m++ {
				day[m], any = true, true
			}
		}
		if any {
			open++
		}
		for m, is := range day {
			if is {
				minutes[m/60]++
			}
		}
	}
	for h, m := range minutes {
		if open > 0 {
			share[h] = float64(m) / 60 / float64(open)
		}
	}
	return share, float64(open)
}
