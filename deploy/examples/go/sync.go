package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "redial/proto/campaign/v1"
)

// crm says which columns an export has. Instants are UTC.
type crm struct{ id, first, last, company, phone, mobile, country, gone, modified, layout string }

var crms = map[string]crm{
	"salesforce": {"Id", "FirstName", "LastName", "Company", "Phone", "MobilePhone", "Country", "IsDeleted", "SystemModstamp", time.RFC3339},
	"hubspot": {"Record ID", "First Name", "Last Name", "Company Name", "Phone Number", "Mobile Phone Number", "Country/Region Code", "",
		"Last Modified Date", "2006-01-02 15:04"},
}

// read makes items of an export's rows, numbered by them.
func read(file, source string) (items []*pb.UpsertItem, err error) {
	c, ok := crms[source]
	if !ok {
		return nil, fmt.Errorf("%s: known are %v", file, slices.Sorted(maps.Keys(crms)))
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for i, cells := range rows[min(1, len(rows)):] {
		row := make(map[string]string)
		for j, heading := range rows[0] {
			row[heading] = cells[j]
		}
		modified, err := time.Parse(c.layout, row[c.modified])
		if err != nil {
			return nil, fmt.Errorf("%s, row %d: %w", file, i+1, err)
		}
		// An older change that comes later changes nothing, by the revision.
		item := &pb.UpsertItem{Position: int64(i + 1), ExternalId: row[c.id], Revision: modified.UnixMicro()}
		item.Action = &pb.UpsertItem_Upsert{Upsert: &pb.UpsertLead{Lead: c.lead(row)}}
		if row[c.gone] == "true" {
			item.Action = &pb.UpsertItem_Withdraw{Withdraw: &pb.WithdrawUpserted{Reason: "deleted in " + source}}
		}
		items = append(items, item)
	}
	return items, nil
}

func (c crm) lead(row map[string]string) *pb.Lead {
	l := &pb.Lead{Name: row[c.first] + " " + row[c.last], Attributes: []*pb.Attribute{{Name: "Company", Value: row[c.company]}}}
	for _, n := range []*pb.Number{{Label: "mobile", Phone: row[c.mobile]}, {Label: "work", Phone: row[c.phone]}} {
		if n.GetPhone() != "" {
			l.Numbers = append(l.Numbers, n)
		}
	}
	if row[c.country] != "" {
		l.Places = []string{row[c.country]}
	}
	return l
}

// syncing is an export on its way.
type syncing struct {
	leads pb.LeadServiceClient
	begin *pb.UpsertBegin
	open  []*pb.UpsertItem // not answered yet: what is sent again after a cut
	done  map[string]int   // how many items came to what
}

// upsert sends what is open and reads the answers meanwhile.
func (s *syncing) upsert(ctx context.Context) (progress bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := s.leads.UpsertLeads(ctx)
	if err != nil {
		return false, err
	}
	go func(open []*pb.UpsertItem) { // an error of Send is told by Recv
		err := stream.Send(&pb.UpsertLeadsRequest{Part: &pb.UpsertLeadsRequest_Begin{Begin: s.begin}})
		for i := 0; i < len(open) && err == nil; i++ {
			err = stream.Send(&pb.UpsertLeadsRequest{Part: &pb.UpsertLeadsRequest_Item{Item: open[i]}})
		}
		_ = stream.CloseSend()
	}(s.open)
	answered := make(map[int64]bool)
	defer func() {
		s.open = slices.DeleteFunc(slices.Clone(s.open), func(it *pb.UpsertItem) bool { return answered[it.GetPosition()] })
	}()
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) && len(answered) < len(s.open) {
			return len(answered) > 0, status.Errorf(codes.Unavailable, "%d items are to be sent again", len(s.open)-len(answered))
		} else if errors.Is(err, io.EOF) {
			return true, nil
		} else if err != nil {
			return len(answered) > 0, err
		}
		for _, r := range m.GetResults() {
			if r.GetError().GetRetryAfter() == nil { // else the item stays open
				answered[r.GetPosition()] = true
				s.tell(r)
			}
		}
	}
}

func (s *syncing) tell(r *pb.UpsertResult) {
	what := strings.ToLower(strings.TrimPrefix(r.GetDone().String(), "UPSERT_DONE_"))
	if e := r.GetError(); e != nil {
		what = "failed"
		fmt.Fprintf(os.Stderr, "%s %s: %s\n", s.begin.GetSource(), r.GetExternalId(), e.GetMessage())
		for _, f := range e.GetFields() {
			fmt.Fprintf(os.Stderr, "  %s: %s\n", f.GetField(), f.GetMessage())
		}
	}
	s.done[what]++
}
