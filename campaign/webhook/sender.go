package webhook

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"redial/campaign"
	"redial/campaign/wire"
)

// Record is what is to be sent, and what came of it.
type Record interface {
	// TakeDelivery takes a delivery for hold; nil: it is not to be sent by us now. KindNotFound: it was delivered.
	TakeDelivery(ctx context.Context, id campaign.DeliveryID, hold time.Duration) (*campaign.Sending, error)
	// NextDelivery takes the oldest of a webhook's that is due; nil: none is to be sent by us now.
	NextDelivery(ctx context.Context, of campaign.WebhookID, hold time.Duration) (*campaign.Sending, error)
	// DueDeliveries are some that are due and that nobody is sending, a few of each webhook.
	DueDeliveries(ctx context.Context, limit int) ([]campaign.Delivery, error)
	// DeliveryDone puts down that it was sent up to rest, a place in the stream; 0: whole.
	DeliveryDone(ctx context.Context, d *campaign.Delivery, rest int64, fault string) error
	// DeliveryFailed puts down that it is to be tried again after wait, 0: never, and answers it as it is now.
	DeliveryFailed(ctx context.Context, d *campaign.Delivery, fault string, wait time.Duration, gone bool) (campaign.Delivery, error)
	// WebhookSigning is a webhook that the caller may see, and what it is signed with.
	WebhookSigning(ctx context.Context, id campaign.WebhookID) (campaign.Webhook, campaign.Signing, error)
	// Events are some of those between two places that are asked for; see campaign.CursorTooOld.
	Events(ctx context.Context, after, to int64, f campaign.EventFilter) (campaign.EventPage, error)
	// Stream is how the stream of events stands.
	Stream(ctx context.Context) (campaign.Stream, error)
	// Now is the clock that counts.
	Now() time.Time
}

// Result is what came of a try, as the metrics count it.
type Result string

// The results.
const (
	Delivered Result = "delivered"
	Failed    Result = "failed" // and will be tried again
	Dead      Result = "dead"
	Gone      Result = "gone" // the webhook was turned off
	Lost      Result = "lost" // events were dropped by retention before they were delivered
)

// Results lists them all.
var Results = []Result{Delivered, Failed, Dead, Gone, Lost}

const (
	hold   = time.Minute      // a try, with all that it asks of the record, takes less
	budget = 15 * time.Second // of one call of Push, before its last try: then it is others' turn
	goOn   = 32               // deliveries that go on after it
)

// Options of NewSender. The zero value is useful.
type Options struct {
	Count  func(Result)   // is told of each try; nil: nobody
	Spread func() float64 // from 0 to 1, for the waits; nil: random
	Log    *slog.Logger   // nil: discarded
}

// Sender sends deliveries. It is safe for concurrent use.
type Sender struct {
	record Record
	client *http.Client
	masks  func(context.Context) wire.Mask
	o      Options
}

// NewSender sends through a client that guards what it connects to; masks is how a caller may see numbers.
func NewSender(r Record, client *http.Client, masks func(context.Context) wire.Mask, o Options) *Sender {
	if o.Count == nil {
		o.Count = func(Result) {}
	}
	if o.Spread == nil {
		o.Spread = mathrand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Sender{record: r, client: client, masks: masks, o: o}
}

// Push sends a delivery, if it is to be sent by us now, and then what else of its webhook is due, for a while, until one
// fails. again is told of that one and when it is tried again, or of what is due when the while is over. Errors are the
// record's.
func (s *Sender) Push(ctx context.Context, id campaign.DeliveryID, again func(campaign.DeliveryID, time.Time)) error {
	began := time.Now()
	g, err := s.record.TakeDelivery(ctx, id, hold)
	if campaign.KindOf(err) == campaign.KindNotFound {
		return nil // it was delivered
	}
	for g != nil && err == nil {
		var o outcome
		if o, err = s.try(ctx, g); err != nil {
			break
		}
		if !o.after.IsZero() {
			again(g.Delivery.ID, o.after)
		}
		if o.failed {
			return nil // what else waits for it leaves the place to others
		}
		if time.Since(began) >= budget {
			return s.goOn(ctx, again)
		}
		g, err = s.record.NextDelivery(ctx, g.Webhook.ID, hold)
	}
	return err
}

// outcome is what came of a try.
type outcome struct {
	failed bool
	after  time.Time // it is tried again then; zero: it is not
}

// goOn has others send what is due.
func (s *Sender) goOn(ctx context.Context, again func(campaign.DeliveryID, time.Time)) error {
	due, err := s.record.DueDeliveries(ctx, goOn)
	for _, d := range due {
		again(d.ID, d.NextAt)
	}
	return err
}

// try sends a delivery that was taken.
func (s *Sender) try(ctx context.Context, g *campaign.Sending) (outcome, error) {
	d := &g.Delivery
	events, rest, lost, err := s.read(ctx, g)
	if err != nil {
		return outcome{}, err
	}
	if lost != "" {
		s.o.Count(Lost)
		s.o.Log.ErrorContext(ctx, "events were dropped before a webhook had them", "webhook", g.Webhook.ID, "delivery", d.ID)
	}
	if len(events) == 0 { // it hears of none of these any more
		return outcome{}, s.record.DeliveryDone(ctx, d, rest, lost)
	}
	a := s.send(ctx, g, d.ID, fmt.Sprint(int64(d.ID)), events)
	if ctx.Err() != nil {
		return outcome{}, ctx.Err() // it is not the receiver's fault; it is taken again when the hold is over
	}
	if a.Fault == "" {
		s.o.Count(Delivered)
		return outcome{}, s.record.DeliveryDone(ctx, d, rest, lost)
	}
	return s.failed(ctx, g, a)
}

func (s *Sender) failed(ctx context.Context, g *campaign.Sending, a Answer) (outcome, error) {
	wait := campaign.DeliveryWait(g.Delivery.Tries+1, s.o.Spread())
	now, err := s.record.DeliveryFailed(ctx, &g.Delivery, a.Fault, wait, a.Gone)
	if err != nil {
		return outcome{}, err
	}
	attrs := []any{"webhook", g.Webhook.ID, "delivery", g.Delivery.ID, "tries", now.Tries, "fault", a.Fault}
	switch {
	case a.Gone:
		s.o.Count(Gone)
		s.o.Log.WarnContext(ctx, "a webhook is gone and was turned off", attrs...)
		return outcome{failed: true}, nil
	case wait == 0:
		s.o.Count(Dead)
		s.o.Log.WarnContext(ctx, "a delivery to a webhook was given up; it can be replayed", attrs...)
	default:
		s.o.Count(Failed)
		s.o.Log.InfoContext(ctx, "a delivery to a webhook failed and is tried again", attrs...)
	}
	return outcome{failed: true, after: now.NextAt}, nil
}

// maker is the caller whose eyes a webhook has.
func maker(w *campaign.Webhook) campaign.Caller {
	c := campaign.Caller{Owner: w.Owner, Role: campaign.RoleManager, Campaigns: w.Granted}
	if w.FullNumbers {
		c.Permissions = []campaign.Permission{campaign.PermitNumbers}
	}
	return c
}

// read reads the events of a delivery that its webhook hears of, as many as one has at most. rest is the place from
// which on there are more; 0: that was all. lost says that some are no longer there; empty: none.
func (s *Sender) read(ctx context.Context, g *campaign.Sending) (events []campaign.ToldEvent, rest int64, lost string, err error) {
	d := &g.Delivery
	for at := d.From - 1; at < d.To && len(events) < campaign.DeliveryEvents; {
		p, err := s.record.Events(ctx, at, d.To, g.Webhook.Filter())
		if campaign.ReasonOf(err) == campaign.ReasonCursorOld && lost == "" {
			now, err := s.record.Stream(ctx)
			if err != nil {
				return nil, 0, "", err
			}
			at, events = max(at, now.Dropped), nil
			lost = fmt.Sprintf("events up to %d of the stream were dropped by retention before they were delivered: read the leads anew (FindLeads)", now.Dropped)
			continue
		}
		if err != nil {
			return nil, 0, "", err
		}
		events, at = append(events, p.Events...), max(p.Next, at+1)
		if at < d.To {
			rest = at + 1
		} else {
			rest = 0
		}
	}
	if len(events) > campaign.DeliveryEvents {
		rest, events = events[campaign.DeliveryEvents].Seq, events[:campaign.DeliveryEvents]
	}
	return events, rest, lost, nil
}

// body is what is posted; ids are text, as in all JSON of protocol buffers.
type body struct {
	Webhook  campaign.WebhookID  `json:"webhook_id,string"`
	Delivery campaign.DeliveryID `json:"delivery_id,string"`
	First    int64               `json:"first,string,omitempty"` // places of the first and the last event in the stream
	Last     int64               `json:"last,string,omitempty"`
	Events   []json.RawMessage   `json:"events"`
}

var eventJSON = protojson.MarshalOptions{UseProtoNames: true}

func (s *Sender) send(ctx context.Context, g *campaign.Sending, id campaign.DeliveryID, name string, events []campaign.ToldEvent) Answer {
	b := body{Webhook: g.Webhook.ID, Delivery: id, Events: make([]json.RawMessage, 0, len(events))}
	mask := s.masks(campaign.WithCaller(ctx, maker(&g.Webhook)))
	for i := range events {
		text, err := eventJSON.Marshal(wire.Event(&events[i], mask))
		if err != nil {
			return Answer{Fault: "an event cannot be put into JSON"}
		}
		b.Events = append(b.Events, text)
	}
	if n := len(events); n > 0 {
		b.First, b.Last = events[0].Seq, events[n-1].Seq
	}
	text, err := json.Marshal(b)
	if err != nil {
		return Answer{Fault: "the events cannot be put into JSON"}
	}
	return post(ctx, s.client, message{url: g.Webhook.URL, id: name, at: s.record.Now(), body: text, sign: g.Signing})
}

// Test posts to a webhook that the caller may see, without events, and tells what came back. Errors: KindNotFound.
func (s *Sender) Test(ctx context.Context, id campaign.WebhookID) (Answer, error) {
	w, sign, err := s.record.WebhookSigning(ctx, id)
	if err != nil {
		return Answer{}, err
	}
	return s.send(ctx, &campaign.Sending{Webhook: w, Signing: sign}, 0, "test-"+rand.Text(), nil), nil
}
