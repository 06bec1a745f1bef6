// Package precall asks CRMs whether a lead may be called now: one connection for each address, to what the egress guard
// lets through, with a bound on what is asked at once and a breaker for a CRM that does not answer. It never decides what
// an answer means for a lead, never tries again, and never logs a token or a question.
package precall

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	"redial/campaign"
	"redial/campaign/egress"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Bounds of asking one address.
const (
	atOnce    = 64              // questions under way
	failures  = 5               // in a row, after which it is left alone
	restFor   = 5 * time.Second // for so long; then one question is tried
	answerMax = 64 << 10        // bytes of an answer
)

// Result is what came of a question.
type Result string

// The results. Without an answer a lead is offered or held off, as its campaign says.
const (
	Allowed   Result = "allowed"
	Denied    Result = "denied"
	Withdrawn Result = "withdrawn"
	Offered   Result = "no_answer_offered"
	HeldOff   Result = "no_answer_held_off"
)

// Results are all there are.
var Results = []Result{Allowed, Denied, Withdrawn, Offered, HeldOff}

// Options of a Client. The zero value asks public addresses by the system's authorities and shows no token.
type Options struct {
	Guard  egress.Guard
	Tokens string                      // folder with a file for each token name; empty: none
	Roots  *x509.CertPool              // nil: the system's
	Count  func(Result, time.Duration) // told of each question and how long it took; nil: nobody
	Log    *slog.Logger                // nil: discarded
	Now    func() time.Time            // of the breaker; nil: time.Now
}

// Client asks. It is safe for use by several goroutines at once.
type Client struct {
	o  Options
	mu sync.Mutex
	to map[target]*crm
}

// target is where is asked, and how.
type target struct {
	address   string
	plaintext bool
}

// crm is one that is asked.
type crm struct {
	conn  *grpc.ClientConn
	slots chan struct{}
	breaker
}

// New makes a client; Close ends its connections.
func New(o Options) *Client {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Client{o: o, to: make(map[target]*crm)}
}

// Close ends all connections; questions under way fail.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, to := range c.to {
		_ = to.conn.Close() // of no use any more
	}
	clear(c.to)
}

// errResting says that an address is left alone for a while.
var errResting = errors.New("it did not answer the last times and is left alone for some seconds")

// Check asks about one lead, within p's deadline. The error says that there was no answer.
func (c *Client) Check(ctx context.Context, p campaign.PreCall, q campaign.PreCallQuestion) (campaign.PreCallAnswer, error) {
	began := time.Now()
	a, err := c.check(ctx, p, q)
	if c.o.Count != nil && !errors.Is(ctx.Err(), context.Canceled) {
		c.o.Count(resultOf(p, a, err), time.Since(began))
	}
	if err != nil {
		return campaign.PreCallAnswer{}, fmt.Errorf("ask %s about a lead: %w", p.Address, err)
	}
	return a, nil
}

func resultOf(p campaign.PreCall, a campaign.PreCallAnswer, err error) Result {
	switch {
	case err != nil && p.FailClosed:
		return HeldOff
	case err != nil:
		return Offered
	case a.Allow:
		return Allowed
	case a.Withdraw:
		return Withdrawn
	default:
		return Denied
	}
}

func (c *Client) check(ctx context.Context, p campaign.PreCall, q campaign.PreCallQuestion) (campaign.PreCallAnswer, error) {
	to, err := c.crm(target{p.Address, p.Plaintext})
	if err != nil {
		return campaign.PreCallAnswer{}, err
	}
	if !to.begin(c.o.Now()) {
		return campaign.PreCallAnswer{}, errResting
	}
	within, cancel := context.WithTimeout(ctx, p.Deadline)
	defer cancel()
	a, err := c.ask(within, to, p, q)
	if ctx.Err() != nil {
		to.abandon()
		return a, err
	}
	if to.end(err == nil, c.o.Now()) {
		c.o.Log.WarnContext(ctx, "a CRM that is asked before calls does not answer; it is left alone for a while",
			"address", p.Address, "campaign", q.Campaign, "for", restFor, "error", err)
	}
	return a, err
}

func (c *Client) ask(ctx context.Context, to *crm, p campaign.PreCall, q campaign.PreCallQuestion) (campaign.PreCallAnswer, error) {
	var a campaign.PreCallAnswer
	select {
	case to.slots <- struct{}{}:
		defer func() { <-to.slots }()
	case <-ctx.Done():
		return a, fmt.Errorf("wait for %d questions before it: %w", atOnce, context.Cause(ctx))
	}
	if p.TokenName != "" {
		token, err := c.token(p.TokenName)
		if err != nil {
			return a, err
		}
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	r, err := pb.NewPreCallServiceClient(to.conn).CheckCall(ctx, &pb.CheckCallRequest{
		CampaignId: int64(q.Campaign), CampaignName: q.Name, LeadId: int64(q.Lead), Source: q.Source, ExternalId: q.ExternalID,
		Number: string(q.Number), Account: q.Account, Reason: q.Reason, AgentLogin: q.Login, PromisedAt: wire.Time(q.PromisedAt),
	})
	if err != nil {
		return a, err
	}
	a = campaign.PreCallAnswer{Allow: r.GetAllow(), Reason: r.GetReason(), Withdraw: r.GetWithdraw()}
	a.NotBefore, err = wire.FromTime("not_before", r.GetNotBefore())
	return a, err
}

// token reads the bearer of a name, anew each time: it may be replaced at any time.
func (c *Client) token(name string) (string, error) {
	if c.o.Tokens == "" {
		return "", fmt.Errorf("the token %q is not known: the server's setting pre-call-tokens names no folder", name)
	}
	if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return "", fmt.Errorf("%q is no name of a token", name)
	}
	raw, err := os.ReadFile(filepath.Join(c.o.Tokens, name))
	if err != nil {
		return "", fmt.Errorf("read a token: %w", err)
	}
	token := strings.TrimSpace(string(raw))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("the file of the token %q holds no token: it is to be one line of plain text", name)
	}
	return token, nil
}

// crm is the connection to an address, made when it is first asked for.
func (c *Client) crm(t target) (*crm, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to := c.to[t]; to != nil {
		return to, nil
	}
	creds, dial := credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.o.Roots}), c.o.Guard.DialContext
	if t.plaintext {
		creds, dial = insecure.NewCredentials(), c.o.Guard.DialClear
	}
	wait := backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: .2, MaxDelay: 2 * time.Second}
	conn, err := grpc.NewClient("passthrough:///"+t.address, grpc.WithTransportCredentials(creds), grpc.WithContextDialer(dial),
		grpc.WithDisableServiceConfig(), grpc.WithUserAgent("redial"), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(answerMax)),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: wait, MinConnectTimeout: campaign.PreCallDeadlineHigh}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 5 * time.Minute, Timeout: 10 * time.Second}))
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	to := &crm{conn: conn, slots: make(chan struct{}, atOnce)}
	c.to[t] = to
	return to, nil
}
