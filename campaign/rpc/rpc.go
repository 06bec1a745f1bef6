// Package rpc serves the record over gRPC: campaigns, lists, leads, suppressions, reports and administration. It turns
// messages into words of the record and back, pages and masks included. It decides nothing, keeps nothing, and who may
// call what was settled before it is asked; errors are the record's own, put into words of the wire elsewhere.
package rpc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"redial/campaign"
)

// Floor is told of changes that may offer new work or take work away. Both calls return at once; a floor that hears
// nothing finds out by itself a little later.
type Floor interface {
	// Wake says that a campaign has other work than before.
	Wake(campaign.CampaignID)
	// Revoked says that these assignments were taken back before dialling.
	Revoked([]campaign.Assignment)
}

// Phones reads one number as people write it, with its places and every zone it may be in; an empty region means that it
// must be E.164. The error names no field.
type Phones func(text, region string) (campaign.Number, error)

// unwatched is a floor that nobody is at.
type unwatched struct{}

func (unwatched) Wake(campaign.CampaignID) {}

func (unwatched) Revoked([]campaign.Assignment) {}

// orNobody is f, or a floor without anybody for nil.
func orNobody(f Floor) Floor {
	if f == nil {
		return unwatched{}
	}
	return f
}

// by is who is asking, for the record.
func by(ctx context.Context) string { return campaign.CallerFrom(ctx).Owner }

// masked are the fields that an update takes. The error, on update_mask, names what may be taken.
func masked(mask *fieldmaskpb.FieldMask, may ...string) (map[string]bool, error) {
	choices := "give some of " + strings.Join(may, ", ")
	if len(mask.GetPaths()) == 0 {
		return nil, campaign.Invalid("update_mask", "says nothing to change: "+choices)
	}
	take := make(map[string]bool, len(mask.GetPaths()))
	for _, path := range mask.GetPaths() {
		if !slices.Contains(may, path) {
			msg := fmt.Sprintf("%q cannot be changed: %s", path, choices)
			if whole, _, ok := strings.Cut(path, "."); ok && slices.Contains(may, whole) {
				msg = fmt.Sprintf("%q is a part: name %s, which is replaced whole", path, whole)
			}
			return nil, campaign.Invalid("update_mask", msg)
		}
		take[path] = true
	}
	return take, nil
}

// exactlyOne checks that a request names a thing by its id or by its name.
func exactlyOne(id int64, name, what string) error {
	switch {
	case id < 0:
		return campaign.Invalid("id", "must be the number that lists show")
	case id == 0 && name == "":
		return campaign.Invalid("id", "names nothing: give the id or the "+what)
	case id != 0 && name != "":
		return campaign.Invalid("id", "and "+what+" are both given: give one of them")
	}
	return nil
}

// reasonMost bounds a reason that people give, in characters.
const reasonMost = 500

// because is who is asking and why, for the record.
func because(ctx context.Context, reason string) string { return by(ctx) + ": " + reason }

// checkReason checks a reason that the record asks for.
func checkReason(reason string) error {
	switch n := utf8.RuneCountInString(reason); {
	case strings.TrimSpace(reason) == "":
		return campaign.Invalid("reason", "is missing: say why, for the record")
	case n > reasonMost:
		return campaign.Invalid("reason", fmt.Sprintf("has %d characters: at most %d", n, reasonMost))
	}
	return nil
}
