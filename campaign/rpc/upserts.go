package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// Upserts keeps leads as a CRM has them.
type Upserts interface {
	// UpsertLeads answers each item on its own; the error is of what befalls all alike.
	UpsertLeads(ctx context.Context, b campaign.UpsertBatch) (campaign.Upserted, error)
	// MoveLead lets a lead go on in another campaign, and answers as which.
	MoveLead(ctx context.Context, id campaign.LeadID, version int64, to campaign.CampaignID, sees []campaign.CampaignID, by string) (campaign.Upserted, error)
	// AuditUpserts notes what a stream did, by how many items ended how.
	AuditUpserts(ctx context.Context, source string, counts map[string]int64) error
}

const (
	upsertMost   = 200                  // items that are done together at most
	upsertLinger = 5 * time.Millisecond // how long the first of them waits for others
	upsertWindow = 512                  // unanswered items of a stream at most; a large one counts as several
	upsertWeight = 16 << 10             // bytes of one that counts once
	auditTime    = 5 * time.Second      // bounds the entry of a stream that was cut
)

// upsertStream is one CRM's stream: items are done in batches, and answered when they are durable.
type upsertStream struct {
	*LeadServer
	stream grpc.BidiStreamingServer[pb.UpsertLeadsRequest, pb.UpsertLeadsResponse]
	begin  *pb.UpsertBegin
	caller campaign.Caller
	counts map[string]int64
	mask   func(context.Context) wire.Mask

	window chan struct{} // a token an unanswered item
	items  chan *pb.UpsertItem
	ended  error // of the receiving, once items is closed
}

// UpsertLeads keeps leads as a CRM has them.
func (s *LeadServer) UpsertLeads(stream grpc.BidiStreamingServer[pb.UpsertLeadsRequest, pb.UpsertLeadsResponse]) error {
	u := &upsertStream{LeadServer: s, stream: stream, counts: make(map[string]int64), mask: NumberMasks(masking{s.home, s.leads}), caller: campaign.CallerFrom(stream.Context()),
		window: make(chan struct{}, upsertWindow), items: make(chan *pb.UpsertItem, upsertWindow)}
	if err := u.open(); err != nil {
		return err
	}
	defer u.note()
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	go u.receive(ctx)
	for {
		batch, more := u.gather(ctx)
		if len(batch) > 0 {
			if err := u.do(ctx, batch); err != nil {
				return err
			}
		}
		if !more {
			return u.ended
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// open reads whose leads come.
func (u *upsertStream) open() error {
	m, err := u.stream.Recv()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if u.begin = m.GetBegin(); u.begin == nil {
		return campaign.Invalid("begin", "is missing: the first message says whose leads come")
	}
	if err := campaign.ValidateSource("begin.source", u.begin.GetSource()); err != nil {
		return err
	}
	if region := u.begin.GetRegion(); region != "" && !campaign.KnownRegion(region) {
		return campaign.Invalid("begin.region", fmt.Sprintf("%q is no country: give its two letters (ISO 3166-1), such as CN, US or GB", region))
	}
	id := campaign.CampaignID(u.begin.GetCampaignId())
	if id == 0 {
		return nil
	}
	if !u.caller.Sees(id) {
		return campaign.NotFound("campaign", id)
	}
	_, err = u.home.Campaign(u.stream.Context(), id)
	return err
}

// receive takes items as long as there is room for them: one that is not answered yet has its place in the window. Where
// the sender does not read, or the record is slow, it waits, and with it, by the flow control below, the sender.
func (u *upsertStream) receive(ctx context.Context) {
	defer close(u.items)
	for {
		m, err := u.stream.Recv()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				u.ended = err
			}
			return
		}
		it := m.GetItem()
		if it == nil {
			u.ended = campaign.Invalid("begin", "was given before: after the first message there are items alone")
			return
		}
		for range weight(it) {
			select {
			case u.window <- struct{}{}:
			case <-ctx.Done():
				u.ended = ctx.Err()
				return
			}
		}
		u.items <- it
	}
}

// weight is how many places an item takes.
func weight(it *pb.UpsertItem) int { return min(1+proto.Size(it)/upsertWeight, upsertWindow) }

// gather takes the items that are there, and waits a moment for some more. more is false when those were the last.
func (u *upsertStream) gather(ctx context.Context) (batch []*pb.UpsertItem, more bool) {
	select {
	case it, ok := <-u.items:
		if !ok {
			return nil, false
		}
		batch = append(batch, it)
	case <-ctx.Done():
		return nil, true
	}
	linger := time.NewTimer(upsertLinger)
	defer linger.Stop()
	for len(batch) < upsertMost {
		select {
		case it, ok := <-u.items:
			if !ok {
				return batch, false
			}
			batch = append(batch, it)
		case <-linger.C:
			return batch, true
		case <-ctx.Done():
			return nil, true
		}
	}
	return batch, true
}

// do does a batch and answers it.
func (u *upsertStream) do(ctx context.Context, batch []*pb.UpsertItem) error {
	b := campaign.UpsertBatch{Source: u.begin.GetSource(), Region: u.begin.GetRegion(), Campaigns: u.caller.Campaigns, By: u.caller.Owner,
		Items: make([]campaign.UpsertItem, len(batch)), Number: u.phones}
	room := 0
	for i, m := range batch {
		b.Items[i] = wire.FromUpsertItem(m, campaign.CampaignID(u.begin.GetCampaignId()))
		room += weight(m)
	}
	done, err := u.leads.UpsertLeads(ctx, b)
	u.moved(&done)
	if err != nil {
		return err
	}
	out := &pb.UpsertLeadsResponse{Results: make([]*pb.UpsertResult, len(done.Results))}
	mask := u.mask(ctx)
	for i := range done.Results {
		r := &done.Results[i]
		if p := &r.Plan; p.Number != "" {
			p.Number = campaign.Phone(mask(r.Campaign, string(p.Number)))
		}
		out.Results[i] = upsertAnswer(r)
		u.counts[upsertWord(out.Results[i])]++
	}
	if err := paced(ctx, func() error { return u.stream.Send(out) }); err != nil {
		return err
	}
	for range room {
		<-u.window
	}
	return nil
}

// moved tells the floor what became of leads.
func (s *LeadServer) moved(done *campaign.Upserted) {
	for _, id := range done.Changed {
		s.floor.Wake(id)
	}
	if len(done.Revoked) > 0 {
		s.floor.Revoked(done.Revoked)
	}
}

// note writes what the stream did into the audit log, even where it was cut.
func (u *upsertStream) note() {
	if len(u.counts) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.stream.Context()), auditTime)
	defer cancel()
	_ = u.leads.AuditUpserts(ctx, u.begin.GetSource(), u.counts) // each lead has its own events; the stream is over
}

// upsertAnswer is the answer to an item, its error with the code that a call would have had.
func upsertAnswer(r *campaign.UpsertResult) *pb.UpsertResult {
	m := wire.UpsertResult(r)
	if r.Err != nil {
		code, ok := upsertReasons[r.Err.Reason]
		if !ok {
			code = upsertCodes[r.Err.Kind]
		}
		m.Error.Code = int32(code) //nolint:gosec // there are seventeen
	}
	return m
}

// upsertCodes are the codes of the server's answers by kind, and upsertReasons those of reasons that have their own.
var (
	upsertCodes = map[campaign.Kind]codes.Code{
		campaign.KindInternal: codes.Internal, campaign.KindInvalid: codes.InvalidArgument, campaign.KindNotFound: codes.NotFound,
		campaign.KindConflict: codes.AlreadyExists, campaign.KindUnready: codes.FailedPrecondition, campaign.KindDenied: codes.PermissionDenied,
		campaign.KindExhausted: codes.ResourceExhausted, campaign.KindAway: codes.Unavailable, campaign.KindStranger: codes.Unauthenticated,
	}
	upsertReasons = map[string]codes.Code{campaign.ReasonVersion: codes.Aborted}
)

var upsertWords = map[pb.UpsertDone]string{
	pb.UpsertDone_UPSERT_DONE_UNSPECIFIED: "failed", pb.UpsertDone_UPSERT_DONE_ADDED: "added", pb.UpsertDone_UPSERT_DONE_UPDATED: "updated",
	pb.UpsertDone_UPSERT_DONE_UNCHANGED: "unchanged", pb.UpsertDone_UPSERT_DONE_STALE: "stale", pb.UpsertDone_UPSERT_DONE_MOVED: "moved",
	pb.UpsertDone_UPSERT_DONE_WITHDRAWN: "withdrawn", pb.UpsertDone_UPSERT_DONE_REOPENED: "reopened",
}

func upsertWord(r *pb.UpsertResult) string { return upsertWords[r.GetDone()] }
