package main

import (
	"context"
	"strings"
	"testing"

	schedulerv1 "redial/proto/scheduler/v1"
)

// staffing is a ScheduleService that keeps what staff was asked for.
type staffing struct {
	schedulerv1.UnimplementedScheduleServiceServer
	asked *schedulerv1.EstimateStaffRequest
}

func (s *staffing) EstimateStaff(_ context.Context, r *schedulerv1.EstimateStaffRequest) (*schedulerv1.EstimateStaffResponse, error) {
	s.asked = r
	return &schedulerv1.EstimateStaffResponse{}, nil
}

func TestStaffIsAskedForSomeWork(t *testing.T) {
	t.Parallel()
	s := &staffing{}
	at := serve(t, fakes{schedule: s})
	if code, _, errs := ctl(t, at, "staff", "--days", "5"); code != exitUsage || s.asked != nil || !strings.Contains(errs, "--leads N") {
		t.Errorf("no leads: exit %d %s, asked %v", code, errs, s.asked)
	}
	for _, work := range [][]string{{"--leads", "200"}, {"--inbound", "60"}} {
		if code, _, errs := ctl(t, at, append([]string{"staff"}, work...)...); code != 0 || s.asked == nil {
			t.Errorf("%v: exit %d %s", work, code, errs)
		}
		s.asked = nil
	}
}
