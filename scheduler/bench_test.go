package scheduler_test

import (
	"testing"

	"redial/campaign"
	"redial/scheduler"
)

// question is a vector with its promise derived, so that a benchmark measures decisions alone.
type question struct {
	*vector
	promise *campaign.Appointment
}

func questions(t testing.TB) []question {
	t.Helper()
	var all []question
	for _, v := range loadVectors(t) {
		q := question{vector: &v}
		if b := v.Booking; b != nil {
			at, plan := scheduler.JudgeBooking(&v.Rules, v.Lead, *b, v.Now)
			if plan.Verdict == campaign.VerdictInvalid {
				continue // answered by JudgeBooking, not by Decide
			}
			q.promise = &campaign.Appointment{At: at, Insisted: b.Insisted, State: campaign.AppointmentOpen}
		}
		all = append(all, q)
	}
	return all
}

func (q *question) decide() campaign.Plan {
	return scheduler.Decide(&q.Rules, q.Lead, q.Tries, q.promise, q.Now)
}

func BenchmarkDecide(b *testing.B) {
	all := questions(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		all[i%len(all)].decide()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

func BenchmarkCase(b *testing.B) {
	all := loadVectors(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		all[i%len(all)].Answer()
	}
}

func BenchmarkParseCase(b *testing.B) {
	var lines [][]byte
	for _, v := range loadVectors(b) {
		line, err := scheduler.EncodeCase(&v.Case)
		if err != nil {
			b.Fatal(err)
		}
		lines = append(lines, line)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := scheduler.ParseCase(lines[i%len(lines)]); err != nil {
			b.Fatal(err)
		}
	}
}

func TestDecidingAllocatesNothing(t *testing.T) {
	all := questions(t)
	i := 0
	if n := testing.AllocsPerRun(2*len(all), func() { all[i%len(all)].decide(); i++ }); n != 0 {
		t.Errorf("%v allocations a decision, want none", n)
	}
}
