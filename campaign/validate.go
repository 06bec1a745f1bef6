package campaign

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of texts that people give, in characters.
const (
	maxName   = 100
	maxSkill  = 50
	maxCode   = 50
	maxScript = 20_000
)

// Validate says what is wrong with a campaign as somebody gives it, every fault at once, each by its field. Rules
// and floor settings are judged too.
func (c *Campaign) Validate() error {
	var f faults
	f.name("name", c.Name)
	if fault := zoneFault(c.Zone); fault != "" {
		f.add("zone", fault)
	}
	if c.Region != "" && !KnownRegion(c.Region) {
		f.add("region", fmt.Sprintf("%q is no country: give its two letters (ISO 3166-1), such as CN, US or GB", c.Region))
	}
	if n := utf8.RuneCountInString(c.Script); n > maxScript {
		f.add("script", fmt.Sprintf("has %d characters: at most %d", n, maxScript))
	}
	f.skills(c.Skills)
	f.codes(c.Codes)
	f.preCall(c.PreCall)
	f.join(c.Rules.Validate())
	f.join(c.Floor.Validate())
	return f.err()
}

// Validate says what is wrong with an agent as somebody gives it, every fault at once, each by its field.
func (a *Agent) Validate() error {
	var f faults
	switch n := utf8.RuneCountInString(a.Login); {
	case n < 1 || n > maxName:
		f.add("login", fmt.Sprintf("must be 1 to %d characters", maxName))
	case strings.ContainsFunc(a.Login, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		f.add("login", "must not hold spaces or control characters")
	}
	if utf8.RuneCountInString(a.Name) > maxName {
		f.add("name", fmt.Sprintf("must be at most %d characters", maxName))
	}
	f.skills(a.Skills)
	seen := make(map[CampaignID]bool)
	for i, m := range a.Campaigns {
		at := fmt.Sprintf("campaigns[%d]", i)
		if m.CampaignID <= 0 {
			f.add(at+".campaign_id", "names no campaign")
		} else if seen[m.CampaignID] {
			f.add(at+".campaign_id", "is named twice")
		}
		seen[m.CampaignID] = true
		if m.Weight < 1 || m.Weight > 1000 {
			f.add(at+".weight", "must be from 1 to 1000")
		}
	}
	return f.err()
}

// KnownRegion says whether s is the two letters of a country.
func KnownRegion(s string) bool {
	if len(s) != 2 {
		return false
	}
	for i := 0; i < len(regions); i += 3 {
		if regions[i:i+2] == s {
			return true
		}
	}
	return false
}

// KnownZone says whether s is the IANA name of a zone.
func KnownZone(s string) bool { return zoneFault(s) == "" }

// zoneFault says what is wrong with the name of a zone; empty: nothing.
func zoneFault(zone string) string {
	if zone == "" {
		return "is missing: give an IANA zone, such as Asia/Shanghai"
	}
	if _, err := Location(zone); err != nil || zone == "Local" {
		return fmt.Sprintf("%q is no time zone: give an IANA zone, such as Asia/Shanghai", zone)
	}
	return ""
}

func (f *faults) name(field, s string) {
	if n := utf8.RuneCountInString(s); n < 1 || n > maxName || strings.TrimSpace(s) != s {
		f.add(field, fmt.Sprintf("must be 1 to %d characters, without spaces at its ends", maxName))
	}
}

func (f *faults) skills(skills []string) {
	for i, s := range skills {
		if n := utf8.RuneCountInString(s); n < 1 || n > maxSkill || strings.TrimSpace(s) != s {
			f.add(fmt.Sprintf("skills[%d]", i), fmt.Sprintf("must be 1 to %d characters, without spaces at its ends", maxSkill))
		}
	}
}

func (f *faults) codes(codes []OutcomeCode) {
	seen := make(map[string]bool, len(codes))
	for i, c := range codes {
		at := fmt.Sprintf("codes[%d]", i)
		n := utf8.RuneCountInString(c.Code)
		rule, known := outcomeByName[c.Code]
		switch {
		case n < 1 || n > maxCode || strings.TrimSpace(c.Code) != c.Code:
			f.add(at+".code", fmt.Sprintf("must be 1 to %d characters, without spaces at its ends", maxCode))
		case seen[c.Code]:
			f.add(at+".code", fmt.Sprintf("%s is there twice", c.Code))
		case known && rule != c.Outcome:
			f.add(at+".code", fmt.Sprintf("%s is the name of an outcome and cannot mean %v", c.Code, c.Outcome))
		}
		seen[c.Code] = true
		if c.Outcome == NoOutcome || int(c.Outcome) >= NumOutcomes {
			f.add(at+".outcome", "is missing: say which outcome the code means")
		}
		if utf8.RuneCountInString(c.Label) > maxName {
			f.add(at+".label", fmt.Sprintf("must be at most %d characters", maxName))
		}
	}
}

// join takes over the faults of a part.
func (f *faults) join(err error) {
	if e, ok := errors.AsType[*Error](err); ok {
		*f = append(*f, e.Violations...)
	}
}

// regions are the countries of ISO 3166-1, and XK for Kosovo.
const regions = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ " +
	"CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR " +
	"GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP " +
	"KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ " +
	"NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW " +
	"SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ " +
	"UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW "
