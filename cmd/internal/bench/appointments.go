package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"

	campaignpb "redial/proto/campaign/v1"
	pb "redial/proto/dialer/v1"
)

// appointmentZone is the zone whose wall time is promised.
const appointmentZone = "America/New_York"

// owners is how many agents have a promise each at the same instant.
func (o *Options) owners() int {
	if o.Quick {
		return 20
	}
	return 1000
}

// appointmentGap is how far apart the instants are: in it every call of one instant ends.
func (o *Options) appointmentGap() time.Duration {
	if o.Quick {
		return time.Second
	}
	return 15 * time.Second
}

// measureAppointments lets a promise come due for each of many agents at one instant, and again: none is offered early,
// each comes to its owner, and how late they come is what is measured.
func measureAppointments(ctx context.Context, o *Options, e *engine) (_ []Measure, err error) {
	n := o.owners()
	w, err := makeWorld(ctx, e, n*o.Rounds, staff{streamers: n})
	if err != nil {
		return nil, err
	}
	f, err := openOfficeAt(ctx, e, w, w.of, inProcess)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close(context.WithoutCancel(ctx), err == nil)) }()
	flush, err := flushTime(e.dir)
	if err != nil {
		return nil, err
	}
	o.Log("%s: %d appointments at one instant for as many agents, %d times", e.name, n, o.Rounds)
	all, err := f.sitAll(ctx, []*grpc.ClientConn{f.conn}, 0, n, false)
	if err != nil {
		return nil, err
	}
	defer all.end()
	first := time.Now().Truncate(time.Second).Add(2*time.Second + o.bookingTime())
	instants := make([]time.Time, o.Rounds)
	for i := range instants {
		instants[i] = first.Add(time.Duration(i) * o.appointmentGap())
	}
	if err := all.book(w, instants); err != nil {
		return nil, err
	}
	rounds, err := all.keep(w, instants)
	if err != nil {
		return nil, err
	}
	s := series{Measure: Measure{Name: "appointments", Unit: "offers/s", Engine: e.name, Callers: n, FdatasyncUS: flush,
		Note: "promises of one instant, each to its owner on a stream, none early; p50 and p99 are how late they came"}}
	for _, got := range rounds {
		s.round(got, 0)
	}
	s.shed(f)
	s.atMost("p99_ms", 250)
	return []Measure{s.measure()}, nil
}

// bookingTime is how long the booking may take.
func (o *Options) bookingTime() time.Duration {
	if o.Quick {
		return 2 * time.Second
	}
	return 20 * time.Second
}

// book lets each agent promise a call of its own leads for every instant, and be ready.
func (c *crew) book(w *world, instants []time.Time) error {
	zone, err := time.LoadLocation(appointmentZone)
	if err != nil {
		return err
	}
	_, err = c.each(time.Until(instants[0]), func(_ context.Context, p *post, i int, _ func(time.Duration)) error {
		for r, at := range instants {
			lead := w.leads[r*len(c.posts)+i]
			_, err := p.ask(&pb.WorkRequest{Action: &pb.WorkRequest_BookAppointment{BookAppointment: &pb.BookAppointmentRequest{
				LeadId: int64(lead), Booking: &campaignpb.Booking{Local: at.In(zone).Format("2006-01-02T15:04:05"), Zone: appointmentZone},
			}}}, func(m *pb.WorkResponse) bool { return m.GetAppointmentBooked() != nil })
			if err != nil {
				return fmt.Errorf("book: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Only now, for what is not promised yet is anybody's.
	_, err = c.each(time.Until(instants[0]), func(_ context.Context, p *post, _ int, _ func(time.Duration)) error {
		return p.ready()
	})
	if err == nil && !time.Now().Before(instants[0]) {
		err = fmt.Errorf("the first promise came due %v before all were booked: the machine is too slow", time.Since(instants[0]))
	}
	return err
}

// keep lets the agents keep their promises. The slices are of the instants: how late each offer came.
func (c *crew) keep(w *world, instants []time.Time) ([]slice, error) {
	out := make([]slice, len(instants))
	var mu sync.Mutex
	got, err := c.each(time.Until(instants[len(instants)-1]), func(_ context.Context, p *post, i int, _ func(time.Duration)) error {
		for r, at := range instants {
			card, err := p.taken()
			late := time.Since(at)
			switch lead := int64(w.leads[r*len(c.posts)+i]); {
			case err != nil:
				return err
			case card.GetLeadId() != lead:
				return fmt.Errorf("%w: lead %d was offered to the owner of the promise to lead %d", errWrong, card.GetLeadId(), lead)
			case late < 0:
				return fmt.Errorf("%w: a promise was offered %v early", errWrong, -late)
			}
			mu.Lock()
			out[r].done++
			out[r].took = max(out[r].took, late)
			out[r].waits = append(out[r].waits, late)
			mu.Unlock()
			if err := p.start(card); err != nil {
				return err
			}
			if r == len(instants)-1 {
				if err := p.leave(); err != nil {
					return err
				}
			}
			if err := p.success(card); err != nil {
				return err
			}
		}
		return p.gone()
	})
	for i := range out {
		out[i].outside = got.outside
	}
	return out, err
}
