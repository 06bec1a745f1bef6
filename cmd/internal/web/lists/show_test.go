package lists

import (
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

func TestListsAreListed(t *testing.T) {
	s := serve(t)
	holds(t, s.get(t, "/lists?campaign=3&page=some"), "&lt;b&gt;leads", "!<b>", "1,200", "300 <small>25 %</small>", "spring", "in use",
		`href="/lists?page=further&amp;campaign=3"`, `href="/lists?campaign=3"`, "/lists/new?campaign=3")
	if r := last[*pb.ListListsRequest](t, s.api); r.GetCampaignId() != 3 || r.GetPageToken() != "some" || !r.GetCounted() {
		t.Errorf("asked for %v", r)
	}
	s.role, s.list.On = campaign.RoleSupervisor, false
	holds(t, s.get(t, "/lists"), "switched off", "!/lists/new")
	if a, _ := s.do(t, "GET", "/lists?campaign=x", "", nil); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a campaign that is no number: %d", a.StatusCode)
	}
}

func TestAListIsShown(t *testing.T) {
	s := serve(t)
	s.list.ProblemCounts = []*pb.ProblemCount{{Reason: "bad_phone", Count: 90}, {Reason: "bad_zone", Warning: true, Count: 4}}
	holds(t, s.get(t, "/lists/9"), "&lt;b&gt;leads", "1,300", ">900<", "<dd>17</dd>", "No valid number", "<dd>90</dd>", "=1&#43;1&lt;i&gt;", "<small>&#34;=1+1&#34; is too short in the numbering plan of CN</small>", "!--map",
		"Check the digits", "/leads?list=9", "/lists/9/problems.csv", `name="d0" value="mon" checked`, `value="00:00"`, `name="o1"`, "easter", "Undo the import", `action="/lists/9/undo"`)
	if r := last[*pb.GetListRequest](t, s.api); !r.GetCounted() {
		t.Errorf("asked for %v", r)
	}
	s.lang = "zh"
	holds(t, s.get(t, "/lists/9"), "<small>&#34;=1+1&#34; 太短（按 CN 的号码规则）</small>")
	s.lang = ""
	s.role = campaign.RoleSupervisor
	holds(t, s.get(t, "/lists/9"), "1,300", "!/lists/9/undo", "!/lists/9/hours", "!/lists/9/priority")
	s.role, s.list.State, s.list.Failure = campaign.RoleAdmin, pb.ListState_LIST_STATE_FAILED, "no <u>list"
	holds(t, s.get(t, "/lists/9"), "refused as a whole", "no &lt;u&gt;list", "!/lists/9/undo")
	s.list.State = pb.ListState_LIST_STATE_LOADING
	holds(t, s.get(t, "/lists/9"), `id="loading"`, "!/lists/9/undo")
	s.fail["GetListRequest"] = status.Error(codes.NotFound, "no list 9")
	if a, text := s.do(t, "GET", "/lists/9", "", nil); a.StatusCode != http.StatusNotFound {
		t.Errorf("%d %s", a.StatusCode, text)
	}
}

// What takes long to count is counted when the page is there, and asks for it.
func TestManyLeadsAreCountedLater(t *testing.T) {
	s := serve(t)
	s.list.Tally.Leads = countMost + 1
	holds(t, s.get(t, "/lists/9"), `id="later"`, "!Never called", `id="undo-numbers"></p>`)
	if r := last[*pb.GetListRequest](t, s.api); r.GetCounted() {
		t.Error("they were counted")
	}
	holds(t, s.get(t, "/lists/9?counted=1"), `!id="later"`, ">900<", "Called, and staying: 17")
	holds(t, s.get(t, "/lists"), `id="later"`, "…</td>")
	if r := last[*pb.ListListsRequest](t, s.api); r.GetCounted() {
		t.Error("they were counted")
	}
	holds(t, s.get(t, "/lists?counted=1"), `!id="later"`, "!…</td>", "300 <small>")
}

func TestAListIsChanged(t *testing.T) {
	s := serve(t)
	shown := func(to string) string { return s.get(t, to) }
	holds(t, shown(s.post(t, "/lists/9/priority", "priority=-7")), "Its priority is now -7.")
	if r := last[*pb.SetPriorityRequest](t, s.api); r.GetListId() != 9 || r.GetPriority() != -7 {
		t.Errorf("asked for %v", r)
	}
	holds(t, shown(s.post(t, "/lists/9/off", "")), "Cards taken back from agents: 2.")
	holds(t, shown(s.post(t, "/lists/9/on", "")), "The list is switched on.")
	holds(t, shown(s.post(t, "/lists/9/undo", "")), "Leads withdrawn: 40. Leads that stay because they were called: 2.")
	holds(t, shown(s.post(t, "/lists/9/hours", "version=5&d0=mon&d0=tue&o0=09:00&e0=00:00&d3=sat&o3=10:00&e3=12:00&calendar=easter")), "The hours are saved.")
	r := last[*pb.SetHoursRequest](t, s.api)
	if r.GetId() != 9 || r.GetVersion() != 5 || len(r.GetHours()) != 2 || !slices.Equal(r.GetHours()[0].GetDays(), []string{"mon", "tue"}) ||
		r.GetHours()[0].GetClose() != "24:00" || r.GetHours()[1].GetOpen() != "10:00" || !slices.Equal(r.GetCalendars(), []string{"easter"}) {
		t.Errorf("asked for %v", r)
	}
	s.post(t, "/lists/9/hours", "version=5&o0=&e0=")
	if r := last[*pb.SetHoursRequest](t, s.api); len(r.GetHours()) != 0 {
		t.Errorf("an empty form: %v", r)
	}
	if a, _ := s.do(t, "POST", "/lists/9/priority", "priority=much", form); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a priority that is none: %d", a.StatusCode)
	}
	s.fail["UndoImportRequest"] = status.Error(codes.FailedPrecondition, "it loads")
	if a, text := s.do(t, "POST", "/lists/9/undo", "", form); a.StatusCode != http.StatusConflict || !strings.Contains(text, "it loads") {
		t.Errorf("%d %s", a.StatusCode, text)
	}
}

// What a page says was done comes from its address: it says nothing else than what could have been.
func TestNobodyPutsWordsIntoAPage(t *testing.T) {
	s := serve(t)
	for _, q := range []string{"did=nothing", "did=undone", "did=undone&n=1&n=x", "did=undone&n=1&n=2&n=3", "did=priority&n=" + url.QueryEscape("<b>")} {
		holds(t, s.get(t, "/lists/9?"+q), `!class="done"`)
	}
}

func TestFilesAreSaved(t *testing.T) {
	s := serve(t)
	s.parts = [][]byte{[]byte("line,"), []byte("tel\n")}
	a, text := s.do(t, "GET", "/lists/9/problems.csv", "", nil)
	if text != "line,tel\n" || a.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment; filename*=utf-8''a%20") {
		t.Errorf("%q %v", text, a.Header)
	}
	s.parts, s.cut = [][]byte{make([]byte, 64<<10)}, status.Error(codes.Unavailable, "gone")
	if _, text := s.do(t, "GET", "/lists/9/problems.csv", "", nil); !strings.HasPrefix(text, "cut: ") {
		t.Errorf("a file that broke off seems whole: %q", text)
	}
	s.parts = nil
	if a, _ := s.do(t, "GET", "/lists/9/problems.csv", "", nil); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a file that never began: %d", a.StatusCode)
	}
	a, text = s.do(t, "GET", "/lists/9/bad-data?as=xlsx", "", nil)
	if text != "bad" || !strings.Contains(a.Header.Get("Content-Type"), "spreadsheetml") || last[*pb.ExportBadDataRequest](t, s.api).GetFormat() != pb.ExportFormat_EXPORT_FORMAT_XLSX {
		t.Errorf("%q %v", text, a.Header)
	}
}

func TestAnImportIsFollowed(t *testing.T) {
	s := serve(t)
	queued, done := pb.UploadState_UPLOAD_STATE_QUEUED, pb.UploadState_UPLOAD_STATE_DONE
	s.moves = []*pb.Upload{{Id: 7, State: queued, RowsDone: 10, BytesDone: 50, Size: 100, Tally: &pb.Tally{Leads: 8, Problems: 2}}, {Id: 7, ListId: 9, State: done, RowsDone: 20}}
	a, text := s.do(t, "GET", "/lists/uploads/7/live", "", nil)
	want := "event: import\ndata: {\"state\":\"queued\",\"list\":0,\"rows\":10,\"bytes\":50,\"size\":100,\"leads\":8,\"problems\":2,\"duplicates\":0}\n\n" +
		"event: import\ndata: {\"state\":\"done\",\"list\":9,\"rows\":20,\"bytes\":0,\"size\":0,\"leads\":0,\"problems\":0,\"duplicates\":0}\n\n"
	if text != want || a.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%s", text)
	}
	s.moves, s.fail["WatchImportRequest"] = nil, status.Error(codes.NotFound, "no upload 7")
	if a, _ := s.do(t, "GET", "/lists/uploads/7/live", "", nil); a.StatusCode != http.StatusNotFound {
		t.Errorf("an upload that is not there: %d", a.StatusCode)
	}
}

func TestTheFilesAreSmall(t *testing.T) {
	var sum int64
	err := fs.WalkDir(files, "static", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		sum += info.Size()
		return err
	})
	if err != nil || sum > 40_000 {
		t.Errorf("%d bytes of scripts and styles, %v", sum, err)
	}
}

func TestWordsOfFigures(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := count(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 1500: "1.5 kB", 209_000_000: "209.0 MB", 3_210_000_000: "3.21 GB"} {
		if got := size(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
	if len(regions) < 200 || !slices.Contains(regions, "CN") || slices.Contains(regions, "ZZ") {
		t.Errorf("%d regions", len(regions))
	}
}
