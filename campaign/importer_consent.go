package campaign

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// consentCells are the cells of a row that tell of a consent.
type consentCells struct {
	given, at, until, proof, purpose cellAt
}

// consentWords are what a consent cell may say; nil scopes: that there is none.
var consentWords = func() map[string][]ConsentScope {
	m := make(map[string][]ConsentScope)
	for words, scopes := range map[string][]ConsentScope{
		"yes y true t 1 x ok given granted consented optin optedin 是 有 同意 已同意 授权 已授权 si oui ja sim":                             {ConsentContact},
		"contact call calls calling 联系 致电 呼叫 外呼 contacto appel anruf":                                                           {ConsentContact},
		"hours time times 时间 时段 horario horaires uhrzeit":                                                                       {ConsentHours},
		"frequency 频次 频率 次数 frecuencia fréquence häufigkeit":                                                                    {ConsentFrequency},
		"all everything 全部 todo tout alles":                                                                                     ConsentScopes,
		"no n false f 0 none notgiven refused denied revoked withdrawn optout optedout na null 否 无 未同意 不同意 未授权 拒绝 non nein nao": nil,
	} {
		for w := range strings.FieldsSeq(words) {
			m[foldHeading(w)] = scopes
		}
	}
	return m
}()

var consentSplit = regexp.MustCompile(`[,;|/+&\s，；、]+`)

// readConsent makes a consent of the row's cells. One that cannot be proved or dated, or says what is not known, is not
// recorded: a warning names its column.
func (j *judging) readConsent() {
	cells := &j.consent
	if cells.given.text == "" {
		return
	}
	scopes, ok := consentScopes(cells.given.text)
	if !ok {
		j.noConsent(cells.given, fmt.Sprintf("%q is no consent that is known", clip(cells.given.text, 60)), "write yes, no, or what it opens: contact, hours, frequency")
		return
	}
	if len(scopes) == 0 {
		return
	}
	loc, err := time.LoadLocation(j.draft.Zones[0])
	if err != nil {
		loc = time.UTC
	}
	c := Consent{Scopes: scopes, Proof: clip(cells.proof.text, 500)}
	switch {
	case saysNothing(cells.proof.text):
		j.noConsent(cells.given, "the consent has no proof", "fill in where it can be seen (column consent_proof): a form's number, a recording")
		return
	case saysNothing(cells.at.text):
		j.noConsent(cells.given, "the consent has no date", "fill in when it was given (column consent_at), as 2026-01-31")
		return
	}
	if c.GivenAt, _, ok = j.when(cells.at.text, loc); !ok {
		j.noConsent(cells.at, fmt.Sprintf("%q is no date", clip(cells.at.text, 60)), "write it as 2026-01-31, or with its time: 2026-01-31 14:30")
		return
	}
	if !j.consentEnd(&c, loc) || !j.consentPurpose(&c) {
		return
	}
	j.draft.Consents = append(j.draft.Consents, c)
}

func (j *judging) noConsent(at cellAt, message, suggestion string) {
	j.warn(at.column, Fault{Reason: ProblemBadConsent, Value: at.text, Message: message + ": it was not recorded", Suggestion: suggestion})
}

// consentEnd reads when a consent ends: a date is its last day.
func (j *judging) consentEnd(c *Consent, loc *time.Location) bool {
	at := j.consent.until
	if saysNothing(at.text) {
		return true
	}
	end, day, ok := j.when(at.text, loc)
	if day {
		local := end.In(loc)
		end = time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, loc).UTC()
	}
	switch {
	case !ok:
		j.noConsent(at, fmt.Sprintf("%q is no date", clip(at.text, 60)), "write the consent's last day as 2026-01-31, or leave it empty")
	case !end.After(c.GivenAt):
		j.noConsent(at, "the consent ends before it was given", "correct one of the dates")
		ok = false
	}
	c.ExpiresAt = end
	return ok
}

// purposeWords are what a consent may be for.
var purposeWords = map[string]Purpose{
	"sales": PurposeSales, "marketing": PurposeSales, "telemarketing": PurposeSales, "销售": PurposeSales, "营销": PurposeSales, "ventas": PurposeSales, "werbung": PurposeSales,
	"research": PurposeResearch, "survey": PurposeResearch, "调研": PurposeResearch, "调查": PurposeResearch,
	"collections": PurposeCollections, "collection": PurposeCollections, "催收": PurposeCollections,
	"service": PurposeService, "servicing": PurposeService, "服务": PurposeService, "客服": PurposeService, "servicio": PurposeService,
	"any": "", "all": "", "全部": "",
}

func (j *judging) consentPurpose(c *Consent) bool {
	at := j.consent.purpose
	if saysNothing(at.text) {
		return true
	}
	p, ok := purposeWords[foldHeading(at.text)]
	if !ok {
		j.noConsent(at, fmt.Sprintf("%q is no purpose", clip(at.text, 60)), "write sales, research, collections or service, or leave it empty for any")
	}
	c.Purpose = p
	return ok
}

// consentScopes are what a consent cell opens, each once; ok is false where it says something unknown.
func consentScopes(cell string) (scopes []ConsentScope, ok bool) {
	if saysNothing(cell) {
		return nil, true
	}
	if s, known := consentWords[foldHeading(cell)]; known {
		return slices.Clone(s), true
	}
	for _, word := range consentSplit.Split(strings.TrimSpace(cell), -1) {
		if word == "" {
			continue
		}
		s, known := consentWords[foldHeading(word)]
		if !known || s == nil {
			return nil, false
		}
		for _, one := range s {
			if !slices.Contains(scopes, one) {
				scopes = append(scopes, one)
			}
		}
	}
	return scopes, len(scopes) > 0
}

// dayForms and timeForms are the ways of writing dates that can be read in one way alone.
var (
	dayForms = []string{
		time.DateOnly, "2006/1/2", "2006.1.2", "20060102", "2006年1月2日", "2.1.2006", "2 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006", "2-Jan-2006",
	}
	timeForms = []string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04", "2006-01-02 15:04:05Z07:00", "2006/1/2 15:04:05", "2006/1/2 15:04",
		"2006年1月2日 15:04:05", "2006年1月2日 15:04", "2006年1月2日15:04",
	}
	slashed = regexp.MustCompile(`^(\d{1,2})[/-](\d{1,2})[/-](\d{4})$`)
)

// when reads a date (day is true; its first instant in loc) or an instant. 3/4/2026 is read only where the import's
// region says which is the month.
func (j *judging) when(text string, loc *time.Location) (t time.Time, day, ok bool) {
	text = strings.TrimSpace(foldWidth(text))
	for _, f := range dayForms {
		if t, err := time.ParseInLocation(f, text, loc); err == nil {
			return t.UTC(), true, plausible(t)
		}
	}
	for _, f := range timeForms {
		if t, err := time.ParseInLocation(f, text, loc); err == nil {
			return t.UTC(), false, plausible(t)
		}
	}
	m := slashed.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false, false
	}
	a, _ := strconv.Atoi(m[1])
	b, _ := strconv.Atoi(m[2])
	form := "2/1/2006"
	switch {
	case a > 12 || a == b:
	case b > 12 || j.Region == "US":
		form = "1/2/2006"
	case j.Region == "" || j.Region == "CA":
		return time.Time{}, false, false
	}
	t, err := time.ParseInLocation(form, strings.ReplaceAll(text, "-", "/"), loc)
	return t.UTC(), true, err == nil && plausible(t)
}

func plausible(t time.Time) bool { return t.Year() >= 1990 && t.Year() < 2200 }
