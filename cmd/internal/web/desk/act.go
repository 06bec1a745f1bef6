package desk

import (
	"context"
	"io"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"redial/cmd/internal/web/page"
	pb "redial/proto/dialer/v1"
)

// request is a message of the API that a page may fill.
type request[T any] interface {
	*T
	proto.Message
}

// answered is what an act answers with.
type answered struct {
	Session *session `json:"session,omitempty"`
	Card    string   `json:"card,omitempty"` // drawn
	Answer  raw      `json:"answer"`         // of the API
}

// raw is JSON that is there already.
type raw []byte

// MarshalJSON implements json.Marshaler.
func (r raw) MarshalJSON() ([]byte, error) { return r, nil }

// act is an act of the agent: the request of the API as JSON, for the agent itself. It is a unary call, so that it does
// not matter at which node the page's live part is, nor whether there is one just now.
func act[T any, R request[T], A proto.Message](d *desks, call func(context.Context, R, ...grpc.CallOption) (A, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			d.views.Fail(w, r, status.Error(codes.InvalidArgument, "the request did not come in whole"))
			return
		}
		q := R(new(T))
		if err := page.ReadMessage(body, q); err != nil {
			d.views.Fail(w, r, err)
			return
		}
		if o, ok := proto.Message(q).(*pb.RecordOutcomeRequest); ok {
			o.NextWait = nil // the agent takes its after-call time, and the next card comes by the live part
			if r.URL.Query().Get("next") == "1" {
				o.NextWait = durationpb.New(0)
			}
		}
		m, err := call(r.Context(), q)
		if err != nil {
			d.views.Fail(w, r, err)
			return
		}
		d.answer(w, r, m)
	}
}

func (d *desks) answer(w http.ResponseWriter, r *http.Request, m proto.Message) {
	var out answered
	var err error
	var now *pb.Session
	if s, ok := m.(interface{ GetSession() *pb.Session }); ok && s.GetSession() != nil {
		now = s.GetSession()
		told := d.session(r, now)
		out.Session = &told
	}
	if c := cardOf(m); c != nil {
		drawn, err := d.views.Draw(r, "card", d.card(r, c, now))
		if err != nil {
			d.views.Fail(w, r, err)
			return
		}
		out.Card = string(drawn)
	}
	if out.Answer, err = protojson.Marshal(m); err != nil {
		d.views.Fail(w, r, err)
		return
	}
	page.JSON(w, http.StatusOK, out)
}

// cardOf is the card that an answer brings; nil: none.
func cardOf(m proto.Message) *pb.Card {
	if o, ok := m.(*pb.RecordOutcomeResponse); ok {
		return o.GetNext().GetCard()
	}
	if c, ok := m.(interface{ GetCard() *pb.Card }); ok {
		return c.GetCard()
	}
	return nil
}
