package scheduler_test

import (
	"testing"

	"redial/campaign"
	"redial/scheduler"
)

// questions are the vectors with their regimes compiled and their promises derived, so that a benchmark measures
// decisions alone.
func questions(t testing.TB) []*scheduler.Question {
	t.Helper()
	var all []*scheduler.Question
	for _, v := range loadVectors(t) {
		q := v.Question()
		if b := v.Booking; b != nil {
			at, plan := scheduler.JudgeBooking(&q, *b)
			if plan.Verdict == campaign.VerdictInvalid {
				continue // answered by JudgeBooking, not by Decide
			}
			q.Promise = &campaign.Appointment{At: at, Insisted: b.Insisted, State: campaign.AppointmentOpen}
		}
		all = append(all, &q)
	}
	return all
}

func BenchmarkDecide(b *testing.B) {
	all := questions(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		scheduler.Decide(all[i%len(all)])
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
	if n := testing.AllocsPerRun(2*len(all), func() { scheduler.Decide(all[i%len(all)]); i++ }); n != 0 {
		t.Errorf("%v allocations a decision, want none", n)
	}
}
