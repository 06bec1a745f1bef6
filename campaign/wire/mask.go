package wire

import (
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"redial/campaign"
)

var (
	international = regexp.MustCompile(`\+[1-9][0-9]{6,14}`)
	asTyped       = regexp.MustCompile(`\+?[0-9(](?:[ ./()\-]*[0-9]){6,}`)
)

// HideNumbers masks every number in E.164 in every text of a message, whatever field it stands in.
func HideNumbers(m proto.Message) {
	hideIn(m.ProtoReflect(), func(s string) string {
		if !strings.Contains(s, "+") {
			return s
		}
		return international.ReplaceAllStringFunc(s, func(n string) string { return campaign.Phone(n).Masked() })
	})
}

// Text is a text with the numbers in E.164 that stand in it as somebody may see them.
func (m Mask) Text(of campaign.CampaignID, s string) string {
	if !strings.Contains(s, "+") {
		return s
	}
	return international.ReplaceAllStringFunc(s, func(n string) string { return m(of, n) })
}

// Texts does so with every text of a message.
func (m Mask) Texts(of campaign.CampaignID, message proto.Message) {
	hideIn(message.ProtoReflect(), func(s string) string { return m.Text(of, s) })
}

// HideRows masks whatever may be a number in every text of a message that shows rows of a file; see HideTyped.
func HideRows(m proto.Message) {
	HideNumbers(m)
	hideIn(m.ProtoReflect(), HideTyped)
}

// HideTyped masks whatever may be a number as people type it, but for its last two digits: in rows of files, where a
// number stands as it came. Dates are masked, too.
func HideTyped(s string) string {
	return asTyped.ReplaceAllStringFunc(s, func(n string) string {
		left := 2
		out := []rune(n)
		for i := len(out) - 1; i >= 0; i-- {
			if out[i] < '0' || out[i] > '9' {
				continue
			}
			if left--; left < 0 {
				out[i] = '•'
			}
		}
		return string(out)
	})
}

func hideIn(m protoreflect.Message, hide func(string) string) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, x protoreflect.Value) bool {
				if fd.MapValue().Kind() == protoreflect.StringKind {
					v.Map().Set(k, protoreflect.ValueOfString(hide(x.String())))
				} else if fd.MapValue().Message() != nil {
					hideIn(x.Message(), hide)
				}
				return true
			})
		case fd.IsList():
			for i := range v.List().Len() {
				if fd.Kind() == protoreflect.StringKind {
					v.List().Set(i, protoreflect.ValueOfString(hide(v.List().Get(i).String())))
				} else if fd.Message() != nil {
					hideIn(v.List().Get(i).Message(), hide)
				}
			}
		case fd.Kind() == protoreflect.StringKind:
			m.Set(fd, protoreflect.ValueOfString(hide(v.String())))
		case fd.Message() != nil:
			hideIn(v.Message(), hide)
		}
		return true
	})
}
