package rpc_test

import (
	"context"
	"testing"
	"time"

	"redial/campaign"
	pb "redial/proto/dialer/v1"
)

// tried makes one lead that ann has called once, an hour ago.
func (b *bench) tried() {
	b.Helper()
	b.leads(1)
	c := b.next("ann")
	b.start("ann", c.GetAssignmentId())
	b.record("ann", c.GetAssignmentId(), "NO_ANSWER")
	must[*pb.SignOutResponse](b)(b.desk.SignOut(b.as("ann"), &pb.SignOutRequest{}))
	time.Sleep(time.Hour) //nolint:forbidigo // fake time: the bubble moves on by so much
}

// A desk whose offer's history cannot be read for a moment is offered the lead all the same and keeps its stream.
func TestADeskKeepsItsStreamWhenAHistoryCannotBeRead(t *testing.T) {
	fails := func(context.Context) error {
		return &campaign.Error{Kind: campaign.KindAway, RetryAfter: time.Second, Message: "the record is away"}
	}
	hangs := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	for name, c := range map[string]struct {
		do      func(context.Context) error
		what    string
		history int // calls that the card shows
	}{
		"the record is away":         {fails, "Histories", 0},
		"the record does not answer": {hangs, "Histories", 0},
		"logins are away":            {fails, "AgentLogins", 1},
		"logins do not answer":       {hangs, "AgentLogins", 1},
	} {
		t.Run(name, func(t *testing.T) {
			onBench(t, func(b *bench) {
				b.tried()
				b.reads.lose(c.do, c.what)
				l := b.line(b.as("bob"))
				l.signIn()
				time.Sleep(3 * time.Second) //nolint:forbidigo // fake time: the bubble moves on by so much
				card := l.offer()
				if len(card.GetHistory()) != c.history || card.GetHistoryUnread() != (c.history == 0) {
					b.Errorf("history %v, unread %t", card.GetHistory(), card.GetHistoryUnread())
				}
				b.reads.lose(nil)
				if m := l.startCall(card.GetAssignmentId()); m.GetCallStarted() == nil {
					b.Fatalf("the stream went on with %v", m)
				}
				time.Sleep(10 * time.Second) //nolint:forbidigo // fake time: a read that hangs is given up
				s := must[*pb.GetSessionResponse](b)(b.desk.GetSession(b.as("bob"), &pb.GetSessionRequest{}))
				if got := s.GetCard(); len(got.GetHistory()) != 1 || got.GetHistoryUnread() || got.GetHistory()[0].GetAgentLogin() != "ann" {
					b.Errorf("with the record back: %v", got)
				}
			})
		})
	}
}

// A sign-in with a card in hand succeeds without the card's history, too.
func TestASignInNeedsNoHistory(t *testing.T) {
	onBench(t, func(b *bench) {
		b.tried()
		held := b.next("bob")
		b.reads.lose(func(context.Context) error {
			return &campaign.Error{Kind: campaign.KindAway, RetryAfter: time.Second, Message: "the record is away"}
		}, "Histories", "AgentLogins")
		l := b.line(b.as("bob"))
		if in := l.signIn(); in.GetCard().GetAssignmentId() != held.GetAssignmentId() || !in.GetCard().GetHistoryUnread() {
			b.Errorf("signed in with %v", in.GetCard())
		}
	})
}
