package leads

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// order is an act as its form asks for it.
type order struct {
	*http.Request
	id int64
}

// fault is what a form does not say rightly, found before the API is asked; key is of the text.
type fault struct{ field, key string }

func (f fault) Error() string { return f.field + ": " + f.key }

// errStale says that the lead is no longer as the form's page showed it, where that matters.
var errStale = errors.New("somebody else was quicker")

// get is a field of the form without blanks around it.
func (o order) get(field string) string { return strings.TrimSpace(o.PostForm.Get(field)) }

// number is a field that holds a number above 0.
func (o order) number(field string) (int64, error) {
	n, err := strconv.ParseInt(o.get(field), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault{field, "leads_wrong_choice"}
	}
	return n, nil
}

// version is the lead's as the page showed it. A form without one is refused: it would undo whatever came meanwhile.
func (o order) version() (int64, error) {
	n, err := strconv.ParseInt(o.get("version"), 10, 64)
	if err != nil || n <= 0 {
		return 0, status.Error(codes.InvalidArgument, "the form does not say which version of the lead it was made for: open the lead's page again")
	}
	return n, nil
}

// wall is an instant that was typed as a time on the clocks that the form names; nil: nothing was typed.
func (o order) wall(field string) (*timestamppb.Timestamp, error) {
	typed := o.get(field)
	if typed == "" {
		return nil, nil
	}
	zone, err := time.LoadLocation(o.get("zone"))
	if err != nil {
		return nil, fault{field, "leads_wrong_time"}
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		at, err := time.ParseInLocation(layout, typed, zone)
		if err != nil {
			continue
		}
		if at.Format(layout) != typed {
			return nil, fault{field, "leads_wrong_gap"} // the clocks were put forward over it
		}
		return timestamppb.New(at), nil
	}
	return nil, fault{field, "leads_wrong_time"}
}
