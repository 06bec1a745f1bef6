package campaign

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// What an item of UpsertLeads may be refused for, besides the reasons of errors.go.
const (
	ReasonDuplicateNumber = "DUPLICATE_NUMBER" // the first number is another lead's of the campaign
	ReasonOnCall          = "ON_CALL"          // an agent has the lead on a call: again when it is over
)

// UpsertAction is what an item does with its lead.
type UpsertAction string

// The actions.
const (
	UpsertPut      UpsertAction = "upsert" // make it, or change it
	UpsertMove     UpsertAction = "move"   // let it go on in another campaign
	UpsertWithdraw UpsertAction = "withdraw"
)

// LeadFields are fields of a lead that a CRM may give.
type LeadFields uint8

// The fields.
const (
	TakeName LeadFields = 1 << iota
	TakeNumbers
	TakeZones
	TakeAttributes
	TakePriority
	TakeAccount
	TakePlaces
)

// LeadFieldNames are the fields by the names that masks have for them.
var LeadFieldNames = map[string]LeadFields{
	"name": TakeName, "numbers": TakeNumbers, "zones": TakeZones, "attributes": TakeAttributes,
	"priority": TakePriority, "account": TakeAccount, "places": TakePlaces,
}

// LeadValues are a lead's values as a CRM gives them; numbers may be written nationally.
type LeadValues struct {
	Name       string
	Numbers    []Number
	Zones      []string
	Attributes []Attribute
	Priority   int
	Account    string
	Places     []string
}

// Set are the fields that say something.
func (v *LeadValues) Set() (f LeadFields) {
	for field, set := range map[LeadFields]bool{
		TakeName: v.Name != "", TakeNumbers: len(v.Numbers) > 0, TakeZones: len(v.Zones) > 0, TakeAttributes: len(v.Attributes) > 0,
		TakePriority: v.Priority != 0, TakeAccount: v.Account != "", TakePlaces: len(v.Places) > 0,
	} {
		if set {
			f |= field
		}
	}
	return f
}

// UpsertItem is what a CRM wants done with one lead.
type UpsertItem struct {
	Position   int64 // the sender's own number of it; told back
	ExternalID string
	Revision   int64 // the sender's count of changes to the lead; 0: not kept
	Version    int64 // that was seen; 0: whatever it is
	Action     UpsertAction
	Lead       LeadID     // of UpsertMove: which, whatever its source and external id; 0: that of the external id
	Campaign   CampaignID // of UpsertPut: where a new lead goes; of UpsertMove: whereto
	Values     LeadValues // of UpsertPut
	Take       LeadFields // of UpsertPut: what is taken of them for a lead that exists; 0: what is set
	Reason     string     // of UpsertWithdraw
	Fault      error      // what is wrong with it as it was written; nil: nothing
}

// Takes are the fields that are taken of the values for a lead that exists.
func (it *UpsertItem) Takes() LeadFields {
	if it.Take != 0 {
		return it.Take
	}
	return it.Values.Set()
}

// UpsertDone is what became of an item.
type UpsertDone uint8

// What may become of an item.
const (
	UpsertNotDone UpsertDone = iota // an error says why
	UpsertAdded
	UpsertUpdated
	UpsertUnchanged
	UpsertStale
	UpsertMoved
	UpsertWithdrawn
	UpsertReopened
)

// UpsertResult is the answer to an item.
type UpsertResult struct {
	Position   int64
	ExternalID string
	Done       UpsertDone
	Lead       LeadID     // 0: there is none
	Campaign   CampaignID // the lead's
	Version    int64      // now; 0: there is none
	Plan       Plan       // of a lead that was made or changed
	Err        *Error     // why nothing was done; nil: it was
}

// UpsertBatch is some items of one source on their way into the record.
type UpsertBatch struct {
	Source    string       // the CRM, in which external ids are unique
	Region    string       // of numbers written nationally; empty: that of the lead's campaign
	Campaigns []CampaignID // that the sender may see; empty: every one
	By        string       // who sends them, for events
	Items     []UpsertItem
	// Number reads a number as people write it, with its places and every zone that it may be in.
	Number func(text, region string) (Number, error)
}

// Upserted is what became of a batch.
type Upserted struct {
	Results []UpsertResult // one an item, in their order
	Changed []CampaignID   // that have other work than before
	Revoked []Assignment   // cards that were taken back before dialling
}

// Limits of what a CRM may give.
const (
	maxExternalID     = 200
	maxUpsertSource   = 100
	maxUpsertReason   = 500
	maxUpsertNumbers  = 50
	maxAttributes     = 500
	maxAttributeName  = 200
	maxAttributeValue = 10_000
	maxAccount        = 200
	maxLabel          = 100
	maxExtension      = 20
)

// ValidateSource says what is wrong with the name of a CRM.
func ValidateSource(field, source string) error {
	if n := utf8.RuneCountInString(source); n < 1 || n > maxUpsertSource || strings.TrimSpace(source) != source || odd(source) {
		return Invalid(field, fmt.Sprintf("must be 1 to %d characters, without spaces at its ends or control characters", maxUpsertSource))
	}
	return nil
}

// odd says whether a text holds control characters.
func odd(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// Validate says what is wrong with an item whatever the state of things, every fault at once, each by its field.
func (it *UpsertItem) Validate() error {
	var f faults
	f.join(it.Fault)
	if !it.named() {
		f.add("external_id", fmt.Sprintf("must be 1 to %d characters of UTF-8, none of them a control character", maxExternalID))
	}
	if it.Revision < 0 {
		f.add("revision", "must not be negative: 0 is not kept")
	}
	if it.Version < 0 {
		f.add("version", "must not be negative: 0 is whatever it is")
	}
	switch it.Action {
	case UpsertPut:
		it.Values.validate(&f, it.Take)
	case UpsertMove:
		if it.Campaign <= 0 {
			f.add(it.Whereto(), "is missing: say whereto")
		}
	case UpsertWithdraw:
		if n := utf8.RuneCountInString(it.Reason); strings.TrimSpace(it.Reason) == "" || n > maxUpsertReason || strings.Contains(it.Reason, "\x00") {
			f.add("withdraw.reason", fmt.Sprintf("say why, for the record, in at most %d characters", maxUpsertReason))
		}
	default:
		f.add("action", "is missing: upsert, move or withdraw")
	}
	return f.err()
}

// named says whether the external id can be one at all, or is not needed.
func (it *UpsertItem) named() bool {
	if it.Lead != 0 {
		return true
	}
	n := utf8.RuneCountInString(it.ExternalID)
	return n >= 1 && n <= maxExternalID && utf8.ValidString(it.ExternalID) && !odd(it.ExternalID)
}

// Whereto is the field that says where a lead goes.
func (it *UpsertItem) Whereto() string {
	if it.Action == UpsertMove && it.Lead == 0 {
		return "move.campaign_id"
	}
	return "campaign_id"
}

// Unnamed says what is wrong with an item whose external id can be no lead's, so that it must not be looked up; nil: it
// can be one's.
func (it *UpsertItem) Unnamed() error {
	if it.named() {
		return nil
	}
	return it.Validate()
}

// validate judges the values but for their numbers, whose country is not known yet. What take names must not be taken
// away where a lead cannot be without it.
func (v *LeadValues) validate(f *faults, take LeadFields) {
	text := func(field, s string, most int) {
		if utf8.RuneCountInString(s) > most || strings.Contains(s, "\x00") {
			f.add(field, fmt.Sprintf("must be at most %d characters, none of them NUL", most))
		}
	}
	text("lead.name", v.Name, 200)
	text("lead.account", v.Account, maxAccount)
	if strings.TrimSpace(v.Account) != v.Account {
		f.add("lead.account", "must not have spaces at its ends")
	}
	if len(v.Attributes) > maxAttributes {
		f.add("lead.attributes", fmt.Sprintf("must be at most %d", maxAttributes))
	}
	for i, a := range v.Attributes {
		text(fmt.Sprintf("lead.attributes[%d].name", i), a.Name, maxAttributeName)
		text(fmt.Sprintf("lead.attributes[%d].value", i), a.Value, maxAttributeValue)
	}
	v.validateWhere(f, take)
	for i := range v.Numbers {
		n := &v.Numbers[i]
		at := fmt.Sprintf("lead.numbers[%d]", i)
		text(at+".label", n.Label, maxLabel)
		if len(n.Extension) > maxExtension || strings.Trim(n.Extension, "0123456789*#,") != "" {
			f.add(at+".extension", fmt.Sprintf("must be at most %d of 0 to 9, *, # and ,", maxExtension))
		}
		for k, z := range n.Zones {
			if fault := zoneFault(z); fault != "" {
				f.add(fmt.Sprintf("%s.zones[%d]", at, k), fault)
			}
		}
	}
}

func (v *LeadValues) validateWhere(f *faults, take LeadFields) {
	if take&TakeZones != 0 && len(v.Zones) == 0 {
		f.add("lead.zones", "must name at least one zone: leave it out of the mask to keep those that the lead has")
	}
	for i, z := range v.Zones {
		if fault := zoneFault(z); fault != "" {
			f.add(fmt.Sprintf("lead.zones[%d]", i), fault)
		}
	}
	for i, p := range v.Places {
		if !KnownPlace(p) {
			f.add(fmt.Sprintf("lead.places[%d]", i), fmt.Sprintf("%q is no place: give a country (ISO 3166-1), such as FR, or a part of it (ISO 3166-2), such as US-FL", p))
		}
	}
	switch {
	case len(v.Numbers) > maxUpsertNumbers:
		f.add("lead.numbers", fmt.Sprintf("must be at most %d", maxUpsertNumbers))
	case take&TakeNumbers != 0 && len(v.Numbers) == 0:
		f.add("lead.numbers", "must hold at least one number: withdraw the lead instead")
	}
}

// sortedPlaces are the places as a lead keeps them.
func (v *LeadValues) sortedPlaces() []string {
	out := slices.Clone(v.Places)
	slices.Sort(out)
	return slices.Compact(out)
}
