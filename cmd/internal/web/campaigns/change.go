package campaigns

import (
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// settable are the fields that an update may name.
var settable = []string{"name", "zone", "region", "rules", "floor", "script", "skills", "codes", "mask_numbers", "pre_call"}

func fieldOf(m proto.Message, name string) protoreflect.FieldDescriptor {
	return m.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(name))
}

// changed are the fields in which two campaigns differ, as an update names them.
func changed(a, b *pb.Campaign) []string {
	var names []string
	for _, name := range settable {
		if !same(a.ProtoReflect(), b.ProtoReflect(), fieldOf(a, name)) {
			names = append(names, name)
		}
	}
	return names
}

// same says whether a field is the same in two messages; a message that is not there is as an empty one.
func same(a, b protoreflect.Message, field protoreflect.FieldDescriptor) bool {
	x, y := a.Get(field), b.Get(field)
	if field.Kind() == protoreflect.MessageKind && !field.IsList() {
		return proto.Equal(present(x.Message()), present(y.Message()))
	}
	if field.HasOptionalKeyword() && a.Has(field) != b.Has(field) {
		return false
	}
	return x.Equal(y)
}

func present(m protoreflect.Message) proto.Message {
	if !m.IsValid() {
		return m.New().Interface()
	}
	return m.Interface()
}

// merge is mine, with what the others changed since base wherever I did not; both is what both changed, which stays mine.
func merge(base, mine, theirs *pb.Campaign) (merged *pb.Campaign, both []string) {
	merged, _ = proto.Clone(mine).(*pb.Campaign)
	both = mergeInto("", base.ProtoReflect(), merged.ProtoReflect(), theirs.ProtoReflect(), settable)
	merged.Version = theirs.GetVersion()
	return merged, both
}

// parts are the fields whose own fields are told apart.
var parts = []string{"rules", "floor"}

func mergeInto(prefix string, base, mine, theirs protoreflect.Message, names []string) (both []string) {
	for i := range mine.Descriptor().Fields().Len() {
		field := mine.Descriptor().Fields().Get(i)
		name := string(field.Name())
		if names != nil && !slices.Contains(names, name) || same(base, theirs, field) || same(mine, theirs, field) {
			continue
		}
		if prefix == "" && slices.Contains(parts, name) && mine.Has(field) {
			both = append(both, mergeInto(name+".", base.Get(field).Message(), mine.Mutable(field).Message(), theirs.Get(field).Message(), nil)...)
			continue
		}
		switch {
		case !same(base, mine, field):
			both = append(both, prefix+name)
		case theirs.Has(field):
			mine.Set(field, theirs.Get(field))
		default:
			mine.Clear(field)
		}
	}
	return both
}

// differences are the fields that were changed, as the form names them.
func differences(before, after *pb.Campaign) []string {
	var names []string
	for _, name := range changed(before, after) {
		if !slices.Contains(parts, name) {
			names = append(names, name)
			continue
		}
		a, b := before.ProtoReflect().Get(fieldOf(before, name)).Message(), after.ProtoReflect().Get(fieldOf(after, name)).Message()
		for i := range a.Descriptor().Fields().Len() {
			if field := a.Descriptor().Fields().Get(i); !same(a, b, field) {
				names = append(names, name+"."+string(field.Name()))
			}
		}
	}
	return names
}

var indexed = regexp.MustCompile(`\[(\d+)\]`)

// blame puts what the API found wrong beside its fields: rules.caps[0].max of the API is rules.caps.0.max here. What has
// no field of its own stands at the nearest around it, or above the form.
func (f *form) blame(p page.Problem) {
	for _, v := range p.Fields {
		name := indexed.ReplaceAllString(strings.TrimPrefix(v.Name, "campaign."), ".$1")
		if at := f.nearest(name); at != "" {
			f.wrong(at, v.Message)
		} else {
			f.Others = append(f.Others, v)
		}
	}
}

// nearest is the name of the field, row or rows of the form that a path of the API leads to; empty: none.
func (f *form) nearest(name string) string {
	for ; name != ""; name = name[:max(0, strings.LastIndexByte(name, '.'))] {
		if slices.Contains(formNames, name) || slices.Contains(rowNames, name) {
			return name
		}
		for _, rows := range rowNames {
			rest, ok := strings.CutPrefix(name, rows+".")
			if !ok {
				continue
			}
			index, col, _ := strings.Cut(rest, ".")
			if slices.ContainsFunc(f.Rows(rows), func(r row) bool { return r.path("") == rows+"."+index }) && (col == "" || slices.Contains(columns[rows].all, col)) {
				return name
			}
		}
	}
	return ""
}

// formNames are the form's fields that are no rows.
var formNames = []string{
	"name", "zone", "region", "script", "skills", "mask_numbers", "rules.interval", "rules.max_per_day", "rules.max_attempts", "rules.max_days",
	"rules.expires_at", "rules.holidays", "rules.calendars", "rules.packs", "rules.network_retry", "rules.network_retry_limit", "rules.rotate",
	"rules.mix_hours", "rules.purpose", "rules.matter", "floor.fresh_share", "floor.offer_time", "floor.wrap_up", "floor.remind_before",
	"floor.owner_wait", "floor.grace", "floor.correct_within", "floor.conversation", "floor.lease", "pre_call.address", "pre_call.deadline",
	"pre_call.fail_closed", "pre_call.plaintext", "pre_call.token_name",
}
