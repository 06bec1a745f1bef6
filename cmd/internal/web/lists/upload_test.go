package lists

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "redial/proto/campaign/v1"
)

var script = map[string]string{"Accept": "application/json"}

func TestAScriptSendsAFileInPieces(t *testing.T) {
	s := serve(t)
	a, text := s.do(t, "POST", "/lists/uploads", `{"campaign":3,"file_name":"leads.csv","request_id":"web-1"}`, script)
	if a.StatusCode != http.StatusOK || text != `{"id":7,"size":0,"state":"receiving","list":9}` {
		t.Fatalf("%d %s", a.StatusCode, text)
	}
	if r := last[*pb.BeginUploadRequest](t, s.api); r.GetCampaignId() != 3 || r.GetFileName() != "leads.csv" || r.GetRequestId() != "web-1" {
		t.Errorf("began %v", r)
	}
	if _, text := s.do(t, "PUT", "/lists/uploads/7/data?offset=0", "hello", script); text != `{"id":7,"size":5,"state":"receiving"}` {
		t.Errorf("the first piece: %s", text)
	}
	if r := last[*pb.UploadRequest](t, s.api); r.GetUploadId() != 7 || string(r.GetData()) != "hello" {
		t.Errorf("sent %v", r)
	}
	a, text = s.do(t, "PUT", "/lists/uploads/7/data?offset=3", "lo", script)
	var p struct {
		Reason   string
		Metadata map[string]string
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil || a.StatusCode != http.StatusBadRequest || p.Reason != "WRONG_OFFSET" || p.Metadata["size"] != "5" {
		t.Errorf("a wrong place: %d %s", a.StatusCode, text)
	}
	if a, text := s.do(t, "PUT", "/lists/uploads/7/data?offset=5", strings.Repeat("x", pieceMost+1), script); a.StatusCode != http.StatusBadRequest || !strings.Contains(text, "1 MiB") {
		t.Errorf("too large a piece: %d %s", a.StatusCode, text)
	}
	if _, text := s.do(t, "GET", "/lists/uploads/7/state", "", script); text != `{"id":7,"size":5,"state":"receiving","list":9}` {
		t.Errorf("how it stands: %s", text)
	}
	for path, want := range map[string]int{"/lists/uploads/7/data?offset=x": 400, "/lists/uploads/x/data?offset=0": 404, "/lists/uploads/0/data": 404} {
		if a, text := s.do(t, "PUT", path, "x", script); a.StatusCode != want {
			t.Errorf("%s: %d %s", path, a.StatusCode, text)
		}
	}
	if a, _ := s.do(t, "POST", "/lists/uploads", `{`, script); a.StatusCode != http.StatusBadRequest {
		t.Errorf("half a beginning: %d", a.StatusCode)
	}
}

// posted is a form with a campaign and a file, as a browser without a script sends it.
func posted(t *testing.T, name string, data []byte) (string, map[string]string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.WriteField("campaign", "3")
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(data)
	w.Close()
	return b.String(), map[string]string{"Content-Type": w.FormDataContentType()}
}

func TestAFormBringsAFileWithoutAScript(t *testing.T) {
	s := serve(t)
	whole := bytes.Repeat([]byte("0123456789abcdef"), (pieceMost*5/2)/16)
	body, headers := posted(t, "leads.csv", whole)
	a, text := s.do(t, "POST", "/lists/new", body, headers)
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/lists/uploads/7/map" {
		t.Fatalf("%d %s", a.StatusCode, text)
	}
	if !bytes.Equal(s.file, whole) {
		t.Errorf("%d bytes arrived of %d, or others", len(s.file), len(whole))
	}
	if r := last[*pb.BeginUploadRequest](t, s.api); r.GetCampaignId() != 3 || r.GetFileName() != "leads.csv" {
		t.Errorf("began %v", r)
	}
	s.fail["UploadRequest"] = status.Error(codes.FailedPrecondition, "too much")
	body, headers = posted(t, "leads.csv", whole)
	if a, text := s.do(t, "POST", "/lists/new", body, headers); a.StatusCode != http.StatusConflict || !strings.Contains(text, "too much") {
		t.Errorf("refused: %d %s", a.StatusCode, text)
	}
	if r := last[*pb.DiscardUploadRequest](t, s.api); r.GetUploadId() != 7 {
		t.Errorf("discarded %v", r)
	}
	for name, body := range map[string]string{"no file": "campaign=3", "nothing": ""} {
		if a, _ := s.do(t, "POST", "/lists/new", body, form); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	if body, headers := posted(t, "", nil); true {
		if a, text := s.do(t, "POST", "/lists/new", body, headers); a.StatusCode != http.StatusBadRequest || !strings.Contains(text, "no file was chosen") {
			t.Errorf("no file was chosen: %d %s", a.StatusCode, text)
		}
	}
}

func TestAnUploadIsDiscarded(t *testing.T) {
	s := serve(t)
	if to := s.post(t, "/lists/uploads/7/discard?campaign=3", ""); to != "/lists/new?campaign=3" {
		t.Errorf("leads to %s", to)
	}
	if to := s.post(t, "/lists/uploads/7/discard?campaign=//evil", ""); to != "/lists/new" {
		t.Errorf("leads to %s", to)
	}
}

func TestShortName(t *testing.T) {
	if got := shortName("a.csv"); got != "a.csv" {
		t.Errorf("a short name became %q", got)
	}
	long := strings.Repeat("名", 200) + ".xlsx"
	got := shortName(long)
	if len(got) > 255 || !strings.HasSuffix(got, ".xlsx") || !strings.HasPrefix(got, "名") || strings.ContainsRune(got, '\uFFFD') || strings.ToValidUTF8(got, "?") != got {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

func TestTheFormOffersCampaignsThatTakeLeads(t *testing.T) {
	s := serve(t)
	holds(t, s.get(t, "/lists/new?campaign=3"), `<option value="3" selected>spring</option>`, "!over", `type="file"`, `data-owner="mei"`)
	s.lang = "zh"
	holds(t, s.get(t, "/lists/new"), "所属活动")
}
