package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/campaign"
)

// Domain is the ErrorInfo domain of every reason this program gives.
const Domain = "redial"

var codeOf = map[campaign.Kind]codes.Code{
	campaign.KindInvalid:   codes.InvalidArgument,
	campaign.KindNotFound:  codes.NotFound,
	campaign.KindConflict:  codes.AlreadyExists,
	campaign.KindUnready:   codes.FailedPrecondition,
	campaign.KindDenied:    codes.PermissionDenied,
	campaign.KindExhausted: codes.ResourceExhausted,
	campaign.KindAway:      codes.Unavailable,
	campaign.KindStranger:  codes.Unauthenticated,
}

// codeOfReason are the reasons that have a code of their own, whatever their kind.
var codeOfReason = map[string]codes.Code{
	campaign.ReasonVersion:     codes.Aborted,
	campaign.ReasonWrongOffset: codes.OutOfRange,
	campaign.ReasonCursorOld:   codes.OutOfRange,
}

// Status puts an error into the words of the wire: a campaign.Error with its details, a status as it is, the end of
// the context as such. False: the error is none of these and its text must not be shown.
func Status(err error) (*status.Status, bool) {
	if e, ok := errors.AsType[*campaign.Error](err); ok && e.Kind != campaign.KindInternal {
		return fromKind(e), true
	}
	if st, ok := status.FromError(err); ok {
		return st, st.Code() != codes.Unknown
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return status.New(codes.DeadlineExceeded, "the call's time ran out: whether it happened is not known; send it again with the same id, or allow more time"), true
	case errors.Is(err, context.Canceled):
		return status.New(codes.Canceled, "the caller went away"), true
	}
	return nil, false
}

// statusOf is Status for a call: an error that nobody knows, of a call whose time is over, is its time being over,
// for drivers have their own words for that.
func statusOf(ctx context.Context, err error) (*status.Status, bool) {
	if st, ok := Status(err); ok {
		return st, true
	}
	if end := ctx.Err(); end != nil {
		return Status(end)
	}
	return nil, false
}

// outOfTime says whether err is how a call whose context ended would fail.
func outOfTime(ctx context.Context, err error) bool {
	st, ok := statusOf(ctx, err)
	return ok && (st.Code() == codes.Canceled || st.Code() == codes.DeadlineExceeded)
}

func fromKind(e *campaign.Error) *status.Status {
	code, ok := codeOfReason[e.Reason]
	if !ok {
		code = codeOf[e.Kind]
	}
	var details []protoadapt.MessageV1
	if len(e.Violations) > 0 {
		bad := &errdetails.BadRequest{}
		for _, v := range e.Violations {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: v.Field, Description: strings.ToValidUTF8(v.Message, "�"),
			})
		}
		details = append(details, bad)
	}
	if e.Reason != "" || len(e.Meta) > 0 {
		details = append(details, &errdetails.ErrorInfo{Reason: e.Reason, Domain: Domain, Metadata: e.Meta})
	}
	if e.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	message := strings.ToValidUTF8(e.Error(), "�")
	st := status.New(code, message)
	if len(details) == 0 {
		return st
	}
	with, err := st.WithDetails(details...)
	if err != nil {
		return status.New(code, message+" ("+e.Reason+")")
	}
	return with
}

// Reason is the stable reason that an error from the wire carries; empty if it has none.
func Reason(err error) string {
	st, ok := status.FromError(err)
	if err == nil || !ok {
		return ""
	}
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// FromStatus is the inverse of Status for a client: the campaign.Error that the server had, with its kind, reason,
// fields, metadata and wait. Codes that no kind has become an error whose text says what to do. Nil stays nil; an
// error that is no status is left as it is.
func FromStatus(err error) error {
	st, ok := status.FromError(err)
	if err == nil || !ok || st.Code() == codes.OK {
		return err
	}
	e := &campaign.Error{Message: st.Message()}
	for kind, code := range codeOf {
		if code == st.Code() {
			e.Kind = kind
		}
	}
	switch st.Code() {
	case codes.Aborted:
		e.Kind = campaign.KindConflict
	case codes.DeadlineExceeded:
		e.Kind = campaign.KindAway
	case codes.OutOfRange:
		e.Kind = campaign.KindInvalid
	default: // codeOf has it, or it is no fault that has a kind
	}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				e.Violations = append(e.Violations, campaign.Violation{Field: v.GetField(), Message: v.GetDescription()})
			}
		case *errdetails.ErrorInfo:
			e.Reason, e.Meta = d.GetReason(), d.GetMetadata()
		case *errdetails.RetryInfo:
			e.RetryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	e.Message = readable(e, st)
	return e
}

// readable is the message for a person: what is wrong, every field, and what to do.
func readable(e *campaign.Error, st *status.Status) string {
	lines := []string{e.Message}
	if len(e.Violations) > 0 {
		var fields []string
		for _, v := range e.Violations {
			text := strings.TrimPrefix(v.Field+": "+v.Message, ": ")
			if text != e.Message {
				fields = append(fields, "  "+text)
			}
		}
		lines = append(lines, fields...)
	}
	if e.RetryAfter > 0 {
		lines = append(lines, fmt.Sprintf("  try again in %v", e.RetryAfter.Round(time.Millisecond)))
	}
	if advice := adviceOf(st, e); advice != "" {
		lines = append(lines, "  "+advice)
	}
	return strings.TrimSpace(strings.Join(slices.Compact(lines), "\n"))
}

func adviceOf(st *status.Status, e *campaign.Error) string {
	switch st.Code() {
	case codes.Unavailable:
		if e.RetryAfter == 0 {
			return "is dialerd running, and is this its API address? give --server host:port, or set REDIAL_SERVER"
		}
	case codes.Unauthenticated:
		return "give --token-file FILE, or set REDIAL_TOKEN; the first admin token is in admin.token of the server's data folder"
	case codes.DeadlineExceeded:
		return "the server may be busy: try again, the same request happens once"
	case codes.Unimplemented:
		return "the server is older than this program: upgrade it"
	case codes.Aborted:
		return "somebody changed it meanwhile: read it again, then change it"
	default:
	}
	return ""
}
