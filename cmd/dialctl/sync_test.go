package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// exported is a CRM's file: n leads as of a minute, one without a number and one without an id among them.
func exported(n, minute int, name string) string {
	var b strings.Builder
	b.WriteString("Lead ID,First Name,Last Name,Phone,Last Modified,City\n")
	for i := range n {
		fmt.Fprintf(&b, "00Q%d,%s,Li%d,1380013%04d,2026-03-02T15:%02d:00Z,Beijing\n", i, name, i, 8000+i, minute)
	}
	return b.String() + "00QX,No,Phone,12345,2026-03-02T15:00:00Z,\n,No,Id,13900139000,2026-03-02T15:00:00Z,\n"
}

func TestSyncBringsACRMsLeadsUpToDate(t *testing.T) {
	o := open(t)
	o.ctl(exitOK, "campaign", "create", "spring", "--zone", "Asia/Shanghai", "--region", "CN")
	sync := func(want int, file string, more ...string) map[string]any {
		t.Helper()
		args := append([]string{"sync", "--source", "salesforce", "--campaign", "spring", "--revision-column", "Last Modified", "--json", file}, more...)
		all := objects(t, o.ctl(want, args...))
		return all[0]
	}
	counts := func(what string, got map[string]any, want string) {
		t.Helper()
		text := fmt.Sprint(got["rows"], got["added"], got["updated"], got["unchanged"], got["stale"], got["failed"])
		if text != want {
			t.Errorf("%s: %s, want %s: %v", what, text, want, got)
		}
	}
	first := sync(exitFailed, o.file("first.csv", exported(30, 10, "Han")))
	counts("the first", first, "32 30 0 0 0 2")
	failures := first["failures"].([]any)
	if a, b := failures[0].(map[string]any), failures[1].(map[string]any); a["line"] != 32.0 || a["external_id"] != "00QX" || a["reason"] != "bad_phone" && a["reason"] != "no_area_code" ||
		b["line"] != 33.0 || b["reason"] != "no_id" {
		t.Errorf("failed: %v", failures)
	}
	counts("again", sync(exitFailed, o.file("again.csv", exported(30, 10, "Han"))), "32 0 0 30 0 2")
	counts("newer", sync(exitFailed, o.file("newer.csv", exported(31, 11, "Wang"))), "33 1 30 0 0 2")
	counts("older", sync(exitFailed, o.file("older.csv", exported(31, 9, "Old"))), "33 0 0 0 31 2")
	text := o.ctl(exitFailed, "sync", "--source", "salesforce", "--campaign", "spring", o.file("plain.csv", exported(1, 12, "Zhao")))
	for _, want := range []string{"updated    1", "failed     2", "no_id"} {
		if !strings.Contains(text, want) {
			t.Errorf("it says not %q:\n%s", want, text)
		}
	}
	for what, args := range map[string][]string{
		"no source":    {"sync", "--campaign", "spring", o.file("a.csv", exported(1, 1, "A"))},
		"no id column": {"sync", "--source", "x", "--campaign", "spring", o.file("b.csv", "Phone,City\n13800138000,Beijing\n13800138001,Beijing\n")},
		"bad column":   {"sync", "--source", "x", "--campaign", "spring", "--id-column", "Nothing", o.file("c.csv", exported(1, 1, "A"))},
	} {
		if out := o.ctl(exitUsage, args...); !strings.Contains(out, "column") && !strings.Contains(out, "--source") {
			t.Errorf("%s: %s", what, out)
		}
	}
}

// cutting answers some items and ends, the first time.
type cutting struct {
	pb.UnimplementedLeadServiceServer
	mu   sync.Mutex
	seen map[string]int
	runs int
}

func (c *cutting) UpsertLeads(stream grpc.BidiStreamingServer[pb.UpsertLeadsRequest, pb.UpsertLeadsResponse]) error {
	c.mu.Lock()
	c.runs++
	first := c.runs == 1
	c.mu.Unlock()
	for n := 0; ; n++ {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		it := m.GetItem()
		if it == nil {
			continue
		}
		if first && n > 20 {
			return &campaign.Error{Kind: campaign.KindAway, Message: "this node is stopping"}
		}
		c.mu.Lock()
		c.seen[it.GetExternalId()]++
		c.mu.Unlock()
		if err := stream.Send(&pb.UpsertLeadsResponse{Results: []*pb.UpsertResult{{Position: it.GetPosition(), ExternalId: it.GetExternalId(),
			Done: pb.UpsertDone_UPSERT_DONE_ADDED, LeadId: 1}}}); err != nil {
			return err
		}
	}
}

// onlySpring has one campaign.
type onlySpring struct {
	pb.UnimplementedCampaignServiceServer
}

func (onlySpring) GetCampaign(context.Context, *pb.GetCampaignRequest) (*pb.GetCampaignResponse, error) {
	return &pb.GetCampaignResponse{Campaign: &pb.Campaign{Id: 7, Name: "spring", Zone: "Asia/Shanghai", Region: "CN"}}, nil
}

func TestI2SyncGoesOnAfterTheStreamWasCut(t *testing.T) {
	leads := &cutting{seen: make(map[string]int)}
	dial := serve(t, fakes{campaigns: onlySpring{}, leads: leads})
	o := office{t: t, dir: t.TempDir()}
	code, out, errs := ctl(t, dial, "sync", "--source", "crm", "--campaign", "spring", "--json", o.file("a.csv", exported(100, 1, "Han")))
	if code != exitFailed {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	if got := objects(t, out)[0]; got["added"] != 100.0 || got["failed"] != 2.0 {
		t.Errorf("it says %v", got)
	}
	for id, n := range leads.seen {
		if n != 1 {
			t.Errorf("%s was done %d times: what is answered is not sent again", id, n)
		}
	}
	if leads.runs != 2 || len(leads.seen) != 100 {
		t.Errorf("%d streams, %d leads", leads.runs, len(leads.seen))
	}
}
