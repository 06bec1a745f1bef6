package chaos

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"

	campaignpb "redial/proto/campaign/v1"
	dialerpb "redial/proto/dialer/v1"
)

// record is everything that the API tells at the end.
type record struct {
	leads    map[int64]*campaignpb.GetLeadResponse
	attempts map[int64]*campaignpb.Attempt // by assignment
	late     map[int64]*dialerpb.LateOutcome
}

// pageSize of what is listed.
const pageSize = 500

// readRecord asks the API for every lead, for the attempts and promises of those that anybody had, and for the outcomes
// that came too late.
func (w *world) readRecord() *record {
	w.t.Helper()
	r := &record{leads: make(map[int64]*campaignpb.GetLeadResponse), attempts: make(map[int64]*campaignpb.Attempt), late: make(map[int64]*dialerpb.LateOutcome)}
	for _, d := range w.campaigns {
		w.listLeads(r, d.id)
	}
	w.readLeads(r, w.called(r))
	for _, l := range r.leads {
		for _, a := range l.GetAttempts() {
			if r.attempts[a.GetAssignmentId()] != nil {
				w.breach(a.GetLeadId(), "I2: assignment %d is in the ledger twice", a.GetAssignmentId())
			}
			r.attempts[a.GetAssignmentId()] = a
		}
	}
	w.readLate(r)
	return r
}

func (w *world) listLeads(r *record, campaign int64) {
	for token := ""; ; {
		page, err := ask(w.admin, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.FindLeadsResponse, error) {
			return campaignpb.NewLeadServiceClient(conn).FindLeads(ctx, &campaignpb.FindLeadsRequest{CampaignId: campaign, PageSize: pageSize, PageToken: token})
		})
		w.must(err)
		for _, l := range page.GetLeads() {
			r.leads[l.GetId()] = &campaignpb.GetLeadResponse{Lead: l}
		}
		if token = page.GetNextPageToken(); token == "" {
			return
		}
	}
}

// called are the leads that were called by what the record says, or were ever in an agent's hands.
func (w *world) called(r *record) (ids []int64) {
	ours := make(map[int64]bool)
	for _, c := range w.book.calls {
		ours[c.lead] = true
	}
	for id, l := range r.leads {
		if l.GetLead().GetAttempts() > 0 || ours[id] {
			ids = append(ids, id)
		}
		delete(ours, id)
	}
	for id := range ours {
		w.breach(id, "I7: lead %d was on an agent's card and is not in the record", id)
	}
	return ids
}

// readLeads reads them by eight readers.
func (w *world) readLeads(r *record, ids []int64) {
	var mu sync.Mutex
	var all sync.WaitGroup
	work := make(chan int64)
	for i := range 8 {
		c := w.caller("reader", w.secret())
		c.at = i % len(c.conns)
		all.Go(func() {
			for id := range work {
				got, err := ask(c, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*campaignpb.GetLeadResponse, error) {
					return campaignpb.NewLeadServiceClient(conn).GetLead(ctx, &campaignpb.GetLeadRequest{Id: id})
				})
				if err != nil {
					w.breach(id, "lead %d: %v", id, err)
				}
				mu.Lock()
				r.leads[id] = got
				mu.Unlock()
			}
		})
	}
	for _, id := range ids {
		work <- id
	}
	close(work)
	all.Wait()
}

func (w *world) readLate(r *record) {
	for token := ""; ; {
		page, err := ask(w.admin, answerSoon, func(ctx context.Context, conn grpc.ClientConnInterface) (*dialerpb.ListLateOutcomesResponse, error) {
			return dialerpb.NewFloorServiceClient(conn).ListLateOutcomes(ctx, &dialerpb.ListLateOutcomesRequest{PageSize: pageSize, PageToken: token})
		})
		w.must(err)
		for _, o := range page.GetOutcomes() {
			r.late[o.GetAssignmentId()] = o
		}
		if token = page.GetNextPageToken(); token == "" {
			return
		}
	}
}

// audit walks the ledger over the API.
func (w *world) audit() *campaignpb.AuditSummary {
	w.t.Helper()
	stream, err := campaignpb.NewAdminServiceClient(w.admin.conns[w.admin.at]).Audit(w.admin.ctx, &campaignpb.AuditRequest{})
	w.must(err)
	var sum *campaignpb.AuditSummary
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return sum
		}
		w.must(err)
		if b := m.GetBreach(); b != nil {
			w.breach(b.GetLeadId(), "audit: %v", b)
		}
		if m.GetSummary() != nil {
			sum = m.GetSummary()
		}
	}
}
