package page

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Problem is why the API did not do what a page asked.
type Problem struct {
	Status     int               `json:"status"`             // of HTTP
	Code       string            `json:"code"`               // of gRPC, such as "NotFound"
	Reason     string            `json:"reason,omitempty"`   // stable word for programs
	Message    string            `json:"message"`            // for people, in the reader's language where it is known
	Lang       string            `json:"lang,omitempty"`     // that the message is in; empty: the page's
	Fields     []Field           `json:"fields,omitempty"`   // what is wrong in the request
	RetryAfter time.Duration     `json:"-"`                  // 0: not said
	Retry      int64             `json:"retry_ms,omitempty"` // the same in milliseconds
	Metadata   map[string]string `json:"metadata,omitempty"` // of the reason
}

// Field is what is wrong with a field of a request.
type Field struct {
	Name    string `json:"name"` // its path in the proto's request
	Message string `json:"message"`
	Lang    string `json:"lang,omitempty"` // that the message is in; empty: the page's
}

// statuses are the codes of HTTP for those of gRPC; the rest are 500.
var statuses = map[codes.Code]int{
	codes.InvalidArgument: 400, codes.OutOfRange: 400, codes.FailedPrecondition: 409, codes.Aborted: 409, codes.AlreadyExists: 409,
	codes.Unauthenticated: 401, codes.PermissionDenied: 403, codes.NotFound: 404, codes.ResourceExhausted: 429,
	codes.Unimplemented: 501, codes.Unavailable: 503, codes.DeadlineExceeded: 504, codes.Canceled: 499,
}

// ProblemOf puts an error of the API into the words of a page.
func (v *Views) ProblemOf(r *http.Request, err error) Problem {
	s := status.Convert(err)
	p := Problem{Status: http.StatusInternalServerError, Code: s.Code().String(), Message: s.Message()}
	if code, ok := statuses[s.Code()]; ok {
		p.Status = code
	}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			p.Reason, p.Metadata = d.GetReason(), d.GetMetadata()
		case *errdetails.BadRequest:
			for _, f := range d.GetFieldViolations() {
				said, lang := v.Said(r, f.GetDescription())
				p.Fields = append(p.Fields, Field{f.GetField(), said, lang})
			}
		case *errdetails.RetryInfo:
			p.RetryAfter = d.GetRetryDelay().AsDuration()
			p.Retry = p.RetryAfter.Milliseconds()
		}
	}
	p.Message, p.Lang = v.words(r, s.Code(), p)
	return p
}

// words are what a person reads of a problem, and their language if it is not the page's: what the API said or, where that
// is not known in the page's language, the text of its reason or code. What it says of its own faults is not for everybody.
func (v *Views) words(r *http.Request, code codes.Code, p Problem) (text, lang string) {
	own := code == codes.Internal || code == codes.Unknown || code == codes.Unavailable || code == codes.DeadlineExceeded
	said, lang := v.Said(r, p.Message)
	if len(p.Fields) == 1 && LangOf(r) != "en" && strings.HasPrefix(p.Message, p.Fields[0].Name+": ") {
		said, lang = p.Fields[0].Message, p.Fields[0].Lang // without the name that programs have for the field
	}
	if lang == "" && !own {
		return said, ""
	}
	for _, key := range []string{"reason_" + p.Reason, "code_" + p.Code} {
		if text, ok := v.Lang(r)[key]; ok {
			return text, ""
		}
	}
	return said, lang
}

// Fail answers with why the API did not do what was asked: as JSON where the page's script asked, else as a page.
func (v *Views) Fail(w http.ResponseWriter, r *http.Request, err error) {
	p := v.ProblemOf(r, err)
	if r.Context().Err() != nil {
		return // nobody reads it
	}
	if p.Status >= 500 {
		v.log.WarnContext(r.Context(), "a page's call failed", "path", r.URL.Path, "error", err)
	}
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(p.RetryAfter/time.Second)+1))
	}
	if p.Status == http.StatusUnauthorized && !wantsJSON(r) {
		http.Redirect(w, r, SignIn(r), http.StatusSeeOther)
		return
	}
	if wantsJSON(r) {
		JSON(w, p.Status, p)
		return
	}
	v.Page(w, r, p.Status, "problem", Sheet{Title: "problem", Data: p})
}

// SignIn is where somebody signs in who asked for a page, and is led back to it; what changes something is not led back to.
func SignIn(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return "/signin"
	}
	return "/signin?" + url.Values{"back": {r.URL.RequestURI()}}.Encode()
}

// wantsJSON says whether a page's script asked, and no person who types an address.
func wantsJSON(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}

// JSON answers with a value.
func JSON(w http.ResponseWriter, code int, value any) {
	raw, err := json.Marshal(value)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(raw) // a reader who went away needs no answer
}

// Message answers with a message of the API, with the names of its proto and zero values said.
func Message(w http.ResponseWriter, code int, m proto.Message) {
	raw, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(m)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(raw)
}

// ReadMessage reads a request of the API from the JSON that a page's script sent. The error is of kind InvalidArgument.
func ReadMessage(body []byte, m proto.Message) error {
	if err := protojson.Unmarshal(body, m); err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return nil
}
