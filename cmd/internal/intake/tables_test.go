package intake_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"redial/campaign"
	"redial/cmd/internal/intake"
	pb "redial/proto/campaign/v1"
)

// piece is a message that carries a part of a file.
type piece interface {
	GetFileName() string
	GetMediaType() string
	GetData() []byte
}

// whole is a file that came in pieces.
func whole[P piece](t *testing.T, stream interface{ Recv() (P, error) }, err error) (name, media string, data []byte) {
	t.Helper()
	for first := true; err == nil; first = false {
		var p P
		if p, err = stream.Recv(); err != nil {
			break
		}
		if first {
			name, media = p.GetFileName(), p.GetMediaType()
		}
		if len(p.GetData()) > 64<<10 || (p.GetFileName() != "") != first {
			t.Errorf("a piece of %d bytes, named %q", len(p.GetData()), p.GetFileName())
		}
		data = append(data, p.GetData()...)
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return name, media, data
}

func records(t *testing.T, data []byte) [][]string {
	t.Helper()
	rest, ok := bytes.CutPrefix(data, []byte("\uFEFF"))
	if !ok {
		t.Error("a spreadsheet would not take this for UTF-8")
	}
	rows, err := csv.NewReader(bytes.NewReader(rest)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAReportGoesOutAsAFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.imported(t, "=cmd|' /C calc'!A1.csv", spring(200), nil)
	q := &pb.ReportQuery{Kind: pb.ReportKind_REPORT_KIND_LIST, CampaignId: int64(b.campaign.ID)}
	got, err := b.reports.GetReport(t.Context(), &pb.GetReportRequest{Query: q})
	if err != nil {
		t.Fatal(err)
	}
	rep := got.GetReport()
	if rep.GetQuery().GetZone() != "Asia/Shanghai" || len(rep.GetRows()) != 1 || len(rep.GetTotal().GetFigures()) != len(rep.GetDefinitions()) {
		t.Errorf("%v", rep)
	}
	stream, err := b.reports.ExportReport(t.Context(), &pb.ExportReportRequest{Query: q})
	name, media, data := whole(t, stream, err)
	if !strings.HasPrefix(name, "report-list-") || !strings.HasSuffix(name, ".csv") || !strings.HasPrefix(media, "text/csv") {
		t.Errorf("%s, %s", name, media)
	}
	rows := records(t, data)
	if len(rows) != 3 || len(rows[0]) != 5+len(rep.GetDefinitions()) || rows[2][0] != "total" {
		t.Fatalf("%v", rows)
	}
	leads := slices.IndexFunc(rows[0], func(h string) bool { return strings.HasPrefix(h, "Leads taken in") })
	if !strings.HasPrefix(rows[1][1], "'=cmd") || rows[1][4] != "Asia/Shanghai" || rows[1][leads] != "197" || rows[2][leads] != "197" ||
		!strings.Contains(rows[0][leads], "tried + untried") {
		t.Errorf("%s: %v", rows[0][leads], rows[1])
	}
	rate := slices.IndexFunc(rows[0], func(h string) bool { return strings.HasPrefix(h, "Connect rate") })
	if rows[1][rate] != "" {
		t.Errorf("a rate of nothing is %q", rows[1][rate])
	}
	xlsx, err := b.reports.ExportReport(t.Context(), &pb.ExportReportRequest{Query: q, Format: pb.ExportFormat_EXPORT_FORMAT_XLSX})
	name, media, data = whole(t, xlsx, err)
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil || !strings.HasSuffix(name, ".xlsx") || !strings.Contains(media, "spreadsheetml") {
		t.Fatalf("%s, %s: %v", name, media, err)
	}
	defer book.Close()
	if sheets := book.GetSheetList(); len(sheets) != 3 {
		t.Errorf("sheets %v", sheets)
	}
	figures, err := book.GetRows("How figures are made")
	if err != nil || len(figures) != 1+len(rep.GetDefinitions()) {
		t.Errorf("%d figures are explained, %v", len(figures), err)
	}
	_, err = b.reports.GetReport(t.Context(), &pb.GetReportRequest{Query: &pb.ReportQuery{Kind: q.GetKind(), CampaignId: 99}})
	if code, _, _, _ := refusal(err); code.String() != "NotFound" {
		t.Error(err)
	}
}

func bad(n int, fail error) iter.Seq2[campaign.BadNumber, error] {
	return func(yield func(campaign.BadNumber, error) bool) {
		for i := range n {
			b := campaign.BadNumber{
				LeadID: campaign.LeadID(i + 1), LeadName: fmt.Sprint("Wang ", i), Line: i + 2, Number: "+8613800138001", Outcome: campaign.NumberChanged,
				NewNumber: "+8613800138002", Note: "+1 call", PlacedAt: time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC), AgentLogin: "li",
				LeadState: campaign.LeadFinished,
			}
			if !yield(b, nil) {
				return
			}
		}
		if fail != nil {
			yield(campaign.BadNumber{}, fail)
		}
	}
}

func TestBadNumbersGoOutOnTheCampaignsClock(t *testing.T) {
	t.Parallel()
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (intake.Tables{}).BadData(&out, false, bad(1, nil), shanghai); err != nil {
		t.Fatal(err)
	}
	rows := records(t, out.Bytes())
	want := []string{
		"'+8613800138001", "NUMBER_CHANGED", "'+8613800138002", "Wang 0", "", "2", "'+1 call", "2026-03-02 10:00:00", "li", "1", "finished",
	}
	if len(rows) != 2 || !slices.Equal(rows[1], want) {
		t.Errorf("%q", rows)
	}
	for _, workbook := range []bool{false, true} {
		if err := (intake.Tables{}).BadData(io.Discard, workbook, bad(3, errAway), shanghai); !errors.Is(err, errAway) {
			t.Errorf("workbook %v: a list that broke off answers %v", workbook, err)
		}
	}
}

func TestBadDataOfAListThatHasNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.imported(t, "spring.csv", spring(10), nil)
	stream, err := b.reports.ExportBadData(t.Context(), &pb.ExportBadDataRequest{ListId: u.GetListId()})
	name, _, data := whole(t, stream, err)
	if rows := records(t, data); len(rows) != 1 || name != "spring-bad-data.csv" {
		t.Errorf("%s: %v", name, rows)
	}
	page, err := b.reports.ListBadData(t.Context(), &pb.ListBadDataRequest{ListId: u.GetListId()})
	if err != nil || len(page.GetNumbers()) != 0 || page.GetNextPageToken() != "" {
		t.Errorf("%v, %v", page, err)
	}
	_, err = b.reports.ListBadData(t.Context(), &pb.ListBadDataRequest{ListId: 99})
	if code, _, _, _ := refusal(err); code.String() != "NotFound" {
		t.Error(err)
	}
}

func TestALargeFileOfProblemsComesInSmallPieces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var file strings.Builder
	file.WriteString("name,phone,note\n")
	for i := range 2000 {
		fmt.Fprintf(&file, "Wang %d,12,%s\n", i, strings.Repeat("x", 200))
	}
	u := b.imported(t, "spring.csv", []byte(file.String()), nil)
	if rows := records(t, b.problemsCSV(t, u.GetListId())); len(rows) != 2001 || rows[2000][0] != "Wang 1999" {
		t.Errorf("%d rows", len(rows))
	}
}

func TestListsAreSwitchedAndPlaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.imported(t, "one.csv", spring(5), nil).GetListId()
	second := b.imported(t, "two.csv", []byte("name,phone\nLi,13800138001\n"), nil).GetListId()
	b.floor.heard(b.campaign.ID)
	p, err := b.lists.SetPriority(t.Context(), &pb.SetPriorityRequest{ListId: first, Priority: -4})
	if err != nil || p.GetList().GetPriority() != -4 || b.floor.heard(b.campaign.ID) == 0 {
		t.Errorf("%v, %v", p, err)
	}
	off, err := b.lists.SwitchOff(t.Context(), &pb.SwitchOffRequest{ListId: first})
	if err != nil || off.GetList().GetOn() || b.floor.heard(b.campaign.ID) == 0 {
		t.Errorf("%v, %v", off, err)
	}
	on, err := b.lists.SwitchOn(t.Context(), &pb.SwitchOnRequest{ListId: first})
	if err != nil || !on.GetList().GetOn() || b.floor.heard(b.campaign.ID) == 0 {
		t.Errorf("%v, %v", on, err)
	}
	page, err := b.lists.ListLists(t.Context(), &pb.ListListsRequest{CampaignId: int64(b.campaign.ID), PageSize: 1})
	if err != nil || len(page.GetLists()) != 1 || page.GetLists()[0].GetId() != second {
		t.Fatalf("%v, %v", page, err)
	}
	rest, err := b.lists.ListLists(t.Context(), &pb.ListListsRequest{CampaignId: int64(b.campaign.ID), PageSize: 1, PageToken: page.GetNextPageToken()})
	if err != nil || len(rest.GetLists()) != 1 || rest.GetLists()[0].GetId() != first || rest.GetNextPageToken() != "" {
		t.Errorf("%v, %v", rest, err)
	}
	_, err = b.lists.SwitchOff(t.Context(), &pb.SwitchOffRequest{ListId: 99})
	if code, _, _, _ := refusal(err); code.String() != "NotFound" {
		t.Error(err)
	}
}
