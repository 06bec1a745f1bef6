package page

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
)

func testViews(t *testing.T) *Views {
	t.Helper()
	v, err := Read(fstest.MapFS{
		"templates/a.html": {Data: []byte(`{{define "a"}}{{template "top" .}}<p>{{.Data}} {{t "mine"}}</p>{{template "bottom" .}}{{end}}{{define "torn"}}{{.Nothing}}{{end}}`)},
		"lang/en.json":     {Data: []byte(`{"mine": "my own", "reason_BUSY": "Busy, in words"}`)},
		"lang/zh.json":     {Data: []byte(`{"mine": "自己的", "reason_BUSY": "忙"}`)},
	}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func asked(header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/floor/x", nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func refused(t *testing.T, code codes.Code) error {
	t.Helper()
	s, err := status.New(code, "no <b>place</b>").WithDetails(
		&errdetails.ErrorInfo{Reason: "BUSY", Metadata: map[string]string{"gate": "hours"}},
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "rules.interval", Description: "too short"}}},
		&errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

func TestAFailureIsToldToScriptsAndPeople(t *testing.T) {
	t.Parallel()
	v := testViews(t)
	w := httptest.NewRecorder()
	v.Fail(w, asked("Accept", "application/json", "Accept-Language", "zh"), refused(t, codes.ResourceExhausted))
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if w.Code != 429 || w.Header().Get("Retry-After") != "2" || p.Code != "ResourceExhausted" || p.Reason != "BUSY" || p.Message != "忙" ||
		p.Retry != 1500 || len(p.Fields) != 1 || p.Fields[0].Name != "rules.interval" || p.Metadata["gate"] != "hours" {
		t.Errorf("%d %v %+v", w.Code, w.Header(), p)
	}
	w = httptest.NewRecorder()
	v.Fail(w, asked(), status.Error(codes.FailedPrecondition, "no <b>place</b>"))
	if body := w.Body.String(); w.Code != 409 || !strings.Contains(body, "no &lt;b&gt;place") || !strings.Contains(body, "<h1>") {
		t.Errorf("%d %s", w.Code, body)
	}
	w = httptest.NewRecorder()
	stranger := httptest.NewRequest(http.MethodGet, "/leads?name=a%26b", nil)
	if v.Fail(w, stranger, status.Error(codes.Unauthenticated, "who")); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/signin?back=%2Fleads%3Fname%3Da%2526b" {
		t.Errorf("a stranger: %d %v", w.Code, w.Header())
	}
	w = httptest.NewRecorder()
	stranger.Method = http.MethodPost
	if v.Fail(w, stranger, status.Error(codes.Unauthenticated, "who")); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/signin" {
		t.Errorf("a stranger who changes something: %d %v", w.Code, w.Header())
	}
	w = httptest.NewRecorder()
	if v.Fail(w, asked("Accept", "application/json"), status.Error(codes.Internal, "secret of the database")); strings.Contains(w.Body.String(), "secret") || w.Code != 500 {
		t.Errorf("an inner fault tells %s", w.Body)
	}
}

func TestAPageHasItsFrameAndIsWholeOrNone(t *testing.T) {
	t.Parallel()
	v := testViews(t)
	r := asked()
	c := campaign.Caller{Owner: "eve <i>", Role: campaign.RoleSupervisor}
	r = r.WithContext(WithGuest(campaign.WithCaller(r.Context(), c), Guest{}))
	w := httptest.NewRecorder()
	v.Page(w, r, http.StatusOK, "a", Sheet{Title: "nav_floor", Module: "/static/x.js", Data: "<b>"})
	body := w.Body.String()
	for _, want := range []string{"&lt;b&gt; my own", "eve &lt;i&gt;", `<a href="/floor" aria-current="page">`, `href="/leads"`, `src="/static/x.js"`, "<title>Floor"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	for _, not := range []string{`href="/desk"`, `href="/guide"`, "Demonstration"} {
		if strings.Contains(body, not) {
			t.Errorf("%s is there:\n%s", not, body)
		}
	}
	w = httptest.NewRecorder()
	if v.Part(w, r, http.StatusOK, "torn", 7); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "Nothing") {
		t.Errorf("a template that fails: %d %s", w.Code, w.Body)
	}
}

func TestLivePagesEndWithTheSession(t *testing.T) {
	t.Parallel()
	in := true
	r := asked()
	r = r.WithContext(WithGuest(r.Context(), Guest{Still: func() bool { return in }}))
	w := httptest.NewRecorder()
	l := NewLive(w, r)
	if err := l.SendJSON("row", map[string]int{"a": 1}); err != nil {
		t.Fatal(err)
	}
	if err := l.Send("part", []byte("<p>\n</p>")); err != nil {
		t.Fatal(err)
	}
	in = false
	if err := l.Beat(); err != ErrSignedOut { //nolint:errorlint // it is itself
		t.Error("signed out:", err)
	}
	want := "event: row\ndata: {\"a\":1}\n\nevent: part\ndata: <p>\ndata: </p>\n\nevent: bye\ndata: signed out\n\n"
	if got := w.Body.String(); got != want || w.Header().Get("Content-Type") != "text/event-stream" {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestFilesAreKeptByTheirTags(t *testing.T) {
	t.Parallel()
	h, err := Static("/static/", Shared())
	if err != nil {
		t.Fatal(err)
	}
	get := func(path, tag string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
		r.Header.Set("If-None-Match", tag)
		h.ServeHTTP(w, r)
		return w
	}
	first := get("/static/base.js", "")
	if tag := first.Header().Get("ETag"); first.Code != 200 || tag == "" || get("/static/base.js", tag).Code != http.StatusNotModified {
		t.Errorf("%d, %v", first.Code, first.Header())
	}
	for _, path := range []string{"/static/", "/static/../views.go", "/static/none.js"} {
		if w := get(path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
