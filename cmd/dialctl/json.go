package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

func (o *object) put(name string, value any) { *o = append(*o, member{name, value}) }

// get is the value of a member; nil when there is none.
func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := enc.Encode(m.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(m.value); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// emit prints one line of JSON.
func (c *cli) emit(v any) error {
	enc := json.NewEncoder(c.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// noun is a message as an object of its own: its id is named for what it is ("campaign": 7).
func noun(name string, m proto.Message) object {
	o := messageOf(m.ProtoReflect())
	for i := range o {
		if o[i].name == "id" {
			o[i].name = name
		}
	}
	return o
}

// messageOf writes a message with every field, so that an answer has the same members whatever they hold: unset
// messages are null, instants RFC 3339 in UTC, lengths of time as Go writes them, enums by their short names, and
// an id without "_id", as in "lead": 7.
func messageOf(m protoreflect.Message) object {
	fields := m.Descriptor().Fields()
	o := make(object, 0, fields.Len())
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.ContainingOneof() != nil && !fd.HasOptionalKeyword() && !m.Has(fd) {
			continue
		}
		o.put(fieldName(fd), fieldValue(m, fd))
	}
	return o
}

func fieldName(fd protoreflect.FieldDescriptor) string {
	name := string(fd.Name())
	if fd.Kind() != protoreflect.Int64Kind {
		return name
	}
	if fd.IsList() && strings.HasSuffix(name, "_ids") {
		return strings.TrimSuffix(name, "_ids") + "s"
	}
	return strings.TrimSuffix(name, "_id")
}

func fieldValue(m protoreflect.Message, fd protoreflect.FieldDescriptor) any {
	v := m.Get(fd)
	switch {
	case fd.IsList():
		list := []any{}
		for i := range v.List().Len() {
			list = append(list, single(fd, v.List().Get(i)))
		}
		return list
	case fd.IsMap():
		o := map[string]any{}
		v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
			o[k.String()] = single(fd.MapValue(), v)
			return true
		})
		return o
	case fd.HasPresence() && !m.Has(fd):
		return nil
	}
	return single(fd, v)
}

func single(fd protoreflect.FieldDescriptor, v protoreflect.Value) any {
	switch fd.Kind() {
	case protoreflect.EnumKind:
		return enumName(fd.Enum(), v.Enum())
	case protoreflect.MessageKind:
		return nested(v.Message())
	default:
		return v.Interface()
	}
}

func nested(m protoreflect.Message) any {
	switch m := m.Interface().(type) {
	case *timestamppb.Timestamp:
		return instant(m)
	case *durationpb.Duration:
		return campaign.Duration(m.AsDuration())
	case *pb.Rules:
		if r, err := wire.FromRules(m); err == nil { // a newer server's rules are shown as they came
			return r
		}
	}
	return messageOf(m)
}

// instant is RFC 3339 in UTC, no finer than a microsecond; nil for none.
func instant(ts *timestamppb.Timestamp) any {
	if ts == nil {
		return nil
	}
	return ts.AsTime().Truncate(time.Microsecond).Format(time.RFC3339Nano)
}

// enumName is a value as the pages of redial write it: NO_ANSWER for an outcome, lower case for everything else,
// empty for unspecified.
func enumName(ed protoreflect.EnumDescriptor, n protoreflect.EnumNumber) string {
	v := ed.Values().ByNumber(n)
	if v == nil {
		return fmt.Sprintf("%d", n)
	}
	if n == 0 {
		return ""
	}
	name := strings.TrimPrefix(string(v.Name()), enumPrefix(string(ed.Name())))
	if ed.Name() == "Outcome" {
		return name
	}
	return strings.ToLower(name)
}

// enumPrefix is what the values of an enum begin with: LEAD_STATE_ for LeadState.
func enumPrefix(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String() + "_"
}

// word is an enum's value for people and JSON.
func word(e protoreflect.Enum) string { return enumName(e.Descriptor(), e.Number()) }
