package chaos

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	campaignpb "redial/proto/campaign/v1"
)

// crm suppresses numbers, those on cards before all, lifts some of them again, and asks whether those it suppressed
// still are.
type crm struct {
	*caller
	mine []string // suppressed by us, and not lifted
}

func (c *crm) work(every time.Duration) {
	for !c.w.done() {
		d := c.w.campaigns[c.rng.IntN(len(c.w.campaigns))]
		switch {
		case len(c.mine) > 5 && c.chance(0.3):
			i := c.rng.IntN(len(c.mine))
			c.lift(c.mine[i])
			c.mine = append(c.mine[:i], c.mine[i+1:]...)
		case len(c.mine) > 0 && c.chance(0.4):
			c.check(c.mine[c.rng.IntN(len(c.mine))])
		case c.chance(0.3):
			c.suppress(d.phones.some(c.rng.IntN(1 << 20)))
		default:
			if number := c.w.book.onCard(); number != "" {
				c.suppress(number)
			}
		}
		pause(every)
	}
}

func (c *crm) suppress(number string) {
	o := &order{number: number, sent: time.Now()}
	_, err := ask(c.caller, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.SuppressResponse, error) {
		return campaignpb.NewSuppressionServiceClient(conn).Suppress(ctx, &campaignpb.SuppressRequest{Phone: number, Reason: "complaint"})
	})
	if err != nil {
		c.w.breach(0, "I2: %s could not be suppressed: %v", number, err)
		return
	}
	o.acked = time.Now()
	c.mine = append(c.mine, number)
	c.w.book.order(o)
}

// lift is noted before it is sent: from then on the number may be called.
func (c *crm) lift(number string) {
	o := &order{number: number, lift: true, sent: time.Now()}
	c.w.book.order(o)
	_, err := ask(c.caller, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.LiftResponse, error) {
		return campaignpb.NewSuppressionServiceClient(conn).Lift(ctx, &campaignpb.LiftRequest{Phone: number, Reason: "a mistake"})
	})
	if err != nil && status.Code(err) != codes.NotFound { // an answer that was lost had lifted it
		c.w.breach(0, "%s could not be lifted: %v", number, err)
	}
	c.w.book.with(func() { o.acked = time.Now() })
}

// check asks whichever node is next whether a number is suppressed.
func (c *crm) check(number string) {
	asked := time.Now()
	got, err := ask(c.caller, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.CheckResponse, error) {
		return campaignpb.NewSuppressionServiceClient(conn).Check(ctx, &campaignpb.CheckRequest{Phones: []string{number}})
	})
	if err == nil && c.w.book.forbidden(number, asked, time.Now()) && got.GetResults()[0].GetSuppression() == nil {
		c.w.breach(0, "I2: the suppression of %s was acknowledged and is not there", number)
	}
	c.at = (c.at + 1) % len(c.conns)
}
