package server

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"redial/campaign"
)

// Limits of the content of requests.
const (
	usualMessage = 4 << 20 // bytes in or out; more comes in pieces, or pages
	itemsMost    = 10_000  // of a repeated field
	filterMost   = 1000    // bytes of a text to look for
	tokenMost    = 4000    // bytes of a page token
)

// sizes bounds messages, so that whoever sends too much hears which limit it is.
type sizes struct {
	message int // bytes
}

// hard is what gRPC itself refuses, unread, with a poorer word.
func (s sizes) hard() int { return 4 * s.message }

// request is what is wrong with the size of a request.
func (s sizes) request(method string, req any) error {
	m, ok := req.(proto.Message)
	if !ok {
		return nil
	}
	if n := proto.Size(m); n > s.message {
		return &campaign.Error{
			Kind:    campaign.KindInvalid,
			Message: fmt.Sprintf("the message has %d bytes: this server takes at most %d in one; send it in smaller pieces", n, s.message),
		}
	}
	switch c := classOf(method); c {
	case finish, dial, begin, bulk: // bounded field by field where they are read
		return nil
	default:
		return within(m.ProtoReflect(), "", reads(method))
	}
}

// answer is an error for an answer that its caller would refuse.
func (s sizes) answer(method string, resp any) error {
	m, ok := resp.(proto.Message)
	if c := classOf(method); !ok || (c != ask && c != heavy) {
		return nil
	}
	n := proto.Size(m)
	if n <= s.message {
		return nil
	}
	return &campaign.Error{
		Kind: campaign.KindInvalid, Reason: ReasonTooLarge,
		Message: fmt.Sprintf("the answer has %d bytes, of which at most %d fit in one message: ask for fewer rows with page_size, a shorter time, or the export", n, s.message),
	}
}

// reads says whether a method only looks, so that its texts are filters.
func reads(method string) bool {
	name := method[strings.LastIndexByte(method, '/')+1:]
	for _, verb := range []string{"Get", "List", "Find", "Watch", "Export", "Explain", "Check"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

// within names the first field of a message that holds too much.
func within(m protoreflect.Message, path string, filter bool) (err error) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := path + string(f.Name())
		switch {
		case f.IsMap():
			err = few(name, v.Map().Len())
		case f.IsList():
			if err = few(name, v.List().Len()); err == nil && f.Message() != nil {
				err = each(v.List(), name, filter)
			}
		case f.Message() != nil:
			err = within(v.Message(), name+".", filter)
		case f.Kind() == protoreflect.StringKind && filter:
			err = brief(name, len(v.String()))
		}
		return err == nil
	})
	return err
}

func each(l protoreflect.List, name string, filter bool) error {
	for i := range l.Len() {
		if err := within(l.Get(i).Message(), fmt.Sprintf("%s[%d].", name, i), filter); err != nil {
			return err
		}
	}
	return nil
}

func few(name string, n int) error {
	if n > itemsMost {
		return campaign.Invalid(name, fmt.Sprintf("holds %d: give at most %d at once, and the rest in further calls", n, itemsMost))
	}
	return nil
}

func brief(name string, n int) error {
	most := filterMost
	if name == "page_token" {
		most = tokenMost
	}
	if n > most {
		return campaign.Invalid(name, fmt.Sprintf("has %d bytes: at most %d to look for", n, most))
	}
	return nil
}
