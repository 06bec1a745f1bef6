package campaign

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Suppression forbids a number where it binds: nothing is offered or dialled from the moment it is acknowledged (I5).
type Suppression struct {
	Phone     Phone
	Scope     SuppressionScope // empty: ScopeSystem
	Campaign  CampaignID       // of ScopeCampaign, and only of it
	Country   string           // of ScopeCountry, and only of it: ISO 3166-1 alpha-2
	Reason    string           // do_not_call, complaint, register, …
	Source    string           // who said so: an agent's login, a list's name, a CRM
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	Subject   SubjectID // the record's id of the number, of a listed one; else 0
}

// SuppressionScope is where a suppression binds.
type SuppressionScope string

// The scopes.
const (
	ScopeSystem   SuppressionScope = "system"   // everywhere
	ScopeCampaign SuppressionScope = "campaign" // in one campaign
	ScopeCountry  SuppressionScope = "country"  // for whoever may live in one country by number, address or the campaign's region
)

// SuppressionKey names a suppression: there is at most one of each.
type SuppressionKey struct {
	Phone    Phone
	Campaign CampaignID // 0: not of ScopeCampaign
	Country  string     // empty: not of ScopeCountry; with neither it is of ScopeSystem
}

// Key names the suppression.
func (s *Suppression) Key() SuppressionKey { return SuppressionKey{s.Phone, s.Campaign, s.Country} }

// Place makes the suppression one of the scope that its campaign and country name.
func (s *Suppression) Place() {
	switch {
	case s.Campaign != 0:
		s.Scope = ScopeCampaign
	case s.Country != "":
		s.Scope = ScopeCountry
	default:
		s.Scope = ScopeSystem
	}
}

// InForce says whether it binds at t.
func (s *Suppression) InForce(t time.Time) bool {
	return s.ExpiresAt.IsZero() || t.Before(s.ExpiresAt)
}

// Outlasts says whether it binds longer than o: only then does it take o's place, for a suppression in force is never
// weakened.
func (s *Suppression) Outlasts(o *Suppression) bool {
	return !o.ExpiresAt.IsZero() && (s.ExpiresAt.IsZero() || s.ExpiresAt.After(o.ExpiresAt))
}

// Binds says whether it forbids calls to the number for the lead of the campaign, while it is in force. One of a country
// binds whoever may live there: by the number, by the lead's address or by the campaign's region, any of them. A nil
// campaign has no region.
func (s *Suppression) Binds(l *Lead, c *Campaign, number Phone) bool {
	switch {
	case s.Phone != number:
		return false
	case s.Campaign != 0:
		return s.Campaign == l.CampaignID
	case s.Country != "":
		return c != nil && mayBeIn(PlaceOfCountry(c.Region), s.Country) || anyIn(l.Places, s.Country) || l.numberIn(number, s.Country)
	}
	return true
}

// numberIn says whether the number may be of the country: by the places that it tells of, else by its country code.
func (l *Lead) numberIn(number Phone, country string) bool {
	for i := range l.Numbers {
		if n := &l.Numbers[i]; n.Phone == number && len(n.Places) > 0 {
			return anyIn(n.Places, country)
		}
	}
	return slices.Contains(number.Countries(), country)
}

func anyIn(places []string, country string) bool {
	return slices.ContainsFunc(places, func(p string) bool { return mayBeIn(p, country) })
}

// mayBeIn says whether somebody at the place may be in the country. Who is known to be in the United States, and no
// better, may be in one of their territories, which have letters of their own.
func mayBeIn(place, country string) bool {
	at := PlaceOfCountry(country)
	return place != "" && (withinPlace(place, at) || withinPlace(at, place))
}

// Countries are those (ISO 3166-1 alpha-2) whose numbers begin as this one does, sorted: several share some codes. Nil:
// none's. The slice is shared: never changed.
func (p Phone) Countries() []string {
	for n := 2; n <= 4 && n <= len(p); n++ {
		if c, ok := countryCodes()[string(p[1:n])]; ok {
			return c
		}
	}
	return nil
}

//go:embed codes.txt
var codeList string

// countryCodes are the countries by their code in E.164.
var countryCodes = sync.OnceValue(func() map[string][]string {
	m := make(map[string][]string, 220)
	for line := range strings.Lines(codeList) {
		if code, countries, ok := strings.Cut(line, "|"); ok && line[0] != '#' {
			m[code] = strings.Fields(countries)
		}
	}
	return m
})

// Strongest is the suppression that binds longest; nil of none. Of several that never end it is the widest.
func Strongest(all []Suppression) *Suppression {
	var best *Suppression
	for i := range all {
		if s := &all[i]; best == nil || s.Outlasts(best) {
			best = s
		}
	}
	return best
}

// CompareSuppressions orders by number, then those of the whole system, of campaigns, of countries.
func CompareSuppressions(a, b SuppressionKey) int {
	return cmp.Or(cmp.Compare(a.Phone, b.Phone), cmp.Compare(a.Country, b.Country), cmp.Compare(a.Campaign, b.Campaign))
}

// suppression's words are bounded so, in characters.
const (
	suppressionReasonMost = 64
	suppressionSourceMost = 100
)

// Validate fills in the reason and the scope, and says what is wrong. The number is not looked at.
func (s *Suppression) Validate(now time.Time) error {
	scope := s.Scope
	s.Place()
	if s.Reason == "" {
		s.Reason = ReasonDoNotCall
	}
	switch {
	case scope == ScopeCampaign && s.Campaign == 0:
		return Invalid("campaign_id", "is missing: scope CAMPAIGN binds in one campaign")
	case scope == ScopeCountry && s.Country == "":
		return Invalid("country", "is missing: scope COUNTRY binds in one country, such as US")
	case scope != ScopeCampaign && s.Campaign != 0:
		return Invalid("campaign_id", "is for scope CAMPAIGN alone: give that scope, or leave the campaign out")
	case scope != ScopeCountry && s.Country != "":
		return Invalid("country", "is for scope COUNTRY alone: give that scope, or leave the country out")
	case s.Country != "" && !KnownRegion(s.Country):
		return Invalid("country", fmt.Sprintf("%q is no country: give its two letters (ISO 3166-1), such as CN, US or GB", s.Country))
	case !s.ExpiresAt.IsZero() && !s.ExpiresAt.After(now):
		return Invalid("expires_at", "is not after now: leave it out to forbid the number for good")
	}
	if n := utf8.RuneCountInString(s.Reason); n > suppressionReasonMost {
		return Invalid("reason", fmt.Sprintf("has %d characters: at most %d, such as do_not_call or complaint", n, suppressionReasonMost))
	}
	if n := utf8.RuneCountInString(s.Source); n > suppressionSourceMost {
		return Invalid("source", fmt.Sprintf("has %d characters: at most %d", n, suppressionSourceMost))
	}
	return nil
}

// SuppressionFilter asks for suppressions in force. Zero fields match everything.
type SuppressionFilter struct {
	Scope     SuppressionScope
	Campaign  CampaignID
	Campaigns []CampaignID // with Restricted: of scope campaign only these
	Country   string
	Source    string
	After     SuppressionKey // the last of the page before; zero: from the first
	From      SuppressionPlace
	Limit     int
	// Restricted leaves out those of campaigns other than Campaigns.
	Restricted bool
}

// SuppressionPlace is where a suppression stands among all, without its number. Subject 0: no place, see SuppressionFilter.After.
type SuppressionPlace struct {
	Subject  SubjectID  `json:"s"`
	Campaign CampaignID `json:"c,omitempty"`
	Country  string     `json:"n,omitempty"`
}

// At is where a listed suppression stands.
func (s *Suppression) At() SuppressionPlace {
	return SuppressionPlace{s.Subject, s.Campaign, s.Country}
}

// SuppressionTally is what became of a batch of numbers.
type SuppressionTally struct {
	Numbers   int64        // in force now, each once
	Known     int64        // of them: were in force as long before
	Revoked   []Assignment // offers that were taken back
	Campaigns []CampaignID // whose leads have one of the numbers
}

// NumberRow is a row of a file of numbers.
type NumberRow struct {
	Line   int // where it begins, from 1
	Phones []Phone
	Faults []Fault // of what cannot be read in it
}
