package scheduler

import (
	"fmt"
	"time"

	"redial/campaign"
)

// These write what a case tells of calendars, law and the calls of others, as cases_regime.go and cases_law.go read it.

type windowDoc struct {
	Days  []string `json:"days"`
	Open  string   `json:"open"`
	Close string   `json:"close"`
}

func windowDocs(windows []campaign.Window) []windowDoc {
	var out []windowDoc
	for _, w := range windows {
		doc := windowDoc{Open: clock(w.Open), Close: clock(w.Close)}
		for i := range w.Days {
			if day := (i + 1) % 7; w.Days[day] { // from Monday on
				doc.Days = append(doc.Days, weekdays[day])
			}
		}
		out = append(out, doc)
	}
	return out
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

type listDoc struct {
	Hours     []windowDoc `json:"hours,omitempty"`
	Calendars []string    `json:"calendars,omitempty"`
}

type calendarDoc struct {
	Weeks []weekDoc `json:"weeks,omitempty"`
	Days  []dayDoc  `json:"days,omitempty"`
}

type weekDoc struct {
	From  string      `json:"from,omitempty"`
	To    string      `json:"to,omitempty"`
	Hours []windowDoc `json:"hours"`
}

type dayDoc struct {
	Date   string           `json:"date"`
	Kind   campaign.DayKind `json:"kind"`
	Name   string           `json:"name,omitempty"`
	Place  string           `json:"place,omitempty"`
	As     string           `json:"as,omitempty"`
	Hours  []windowDoc      `json:"hours,omitempty"`
	Source string           `json:"source,omitempty"`
}

func calendarDocs(calendars []*campaign.Calendar) map[string]calendarDoc {
	if len(calendars) == 0 {
		return nil
	}
	out := make(map[string]calendarDoc, len(calendars))
	for _, c := range calendars {
		doc := calendarDoc{Days: dayDocs(c.Days)}
		for _, w := range c.Weeks {
			doc.Weeks = append(doc.Weeks, weekDoc{dateOr(w.From), dateOr(w.To), windowDocs(w.Hours)})
		}
		out[c.Name] = doc
	}
	return out
}

func dayDocs(days []campaign.Day) []dayDoc {
	var out []dayDoc
	for _, d := range days {
		doc := dayDoc{Date: d.Date.String(), Kind: d.Kind, Name: d.Name, Place: d.Place, Hours: windowDocs(d.Hours), Source: d.Source}
		if d.Kind == campaign.DayWorking && len(d.Hours) == 0 {
			doc.As = weekdays[d.As]
		}
		out = append(out, doc)
	}
	return out
}

// dateOr is empty for no date.
func dateOr(d campaign.Date) string {
	if d == (campaign.Date{}) {
		return ""
	}
	return d.String()
}

type lawDoc struct {
	ID         string             `json:"id"`
	Text       string             `json:"text,omitempty"`
	Kind       LawKind            `json:"kind"`
	Places     []string           `json:"places"`
	Except     []string           `json:"except,omitempty"`
	Purposes   []campaign.Purpose `json:"purposes,omitempty"`
	From       string             `json:"from,omitempty"`
	To         string             `json:"to,omitempty"`
	Hours      []windowDoc        `json:"hours,omitempty"`
	Closed     bool               `json:"closed,omitempty"`
	Cap        *capDoc            `json:"cap,omitempty"`
	CoolOff    *coolOffDoc        `json:"cool_off,omitempty"`
	Unless     []LawExcuse        `json:"unless,omitempty"`
	ConsentAge string             `json:"consent_age,omitempty"`
	Source     string             `json:"source,omitempty"`
	Confirmed  bool               `json:"confirmed,omitempty"`
	Checked    string             `json:"checked,omitempty"`
}

type capDoc struct {
	Scope  string `json:"scope"`
	Count  string `json:"count,omitempty"`
	Max    int    `json:"max"`
	Period string `json:"period,omitempty"`
	Days   int    `json:"days,omitempty"`
}

type coolOffDoc struct {
	After  campaign.CoolOffAfter `json:"after"`
	Scope  string                `json:"scope"`
	Period string                `json:"period,omitempty"`
	Days   int                   `json:"days,omitempty"`
}

func lawDocs(rules []LawRule) []lawDoc {
	out := make([]lawDoc, len(rules))
	for i := range rules {
		r := &rules[i]
		out[i] = lawDoc{
			ID: r.ID, Text: r.Text, Kind: r.Kind, Places: r.Places, Except: r.Except, Purposes: r.Purposes,
			From: dateOr(r.From), To: dateOr(r.To), Hours: windowDocs(r.Hours), Closed: r.Closed, Unless: r.Unless,
			ConsentAge: talk(r.ConsentAge), Source: r.Source, Confirmed: r.Confirmed, Checked: dateOr(r.Checked),
		}
		switch r.Kind {
		case LawCap:
			out[i].Cap = &capDoc{r.Cap.Scope.String(), r.Cap.Count.String(), r.Cap.Max, talk(r.Cap.Period), r.Cap.Days}
		case LawCoolOff:
			out[i].CoolOff = &coolOffDoc{r.CoolOff.After, r.CoolOff.Scope.String(), talk(r.CoolOff.Period), r.CoolOff.Days}
		case LawHours, LawConsent: // their fields are written above
		}
	}
	return out
}

type useDoc struct {
	PlacedAt string              `json:"placed_at"`
	Number   campaign.Phone      `json:"number,omitempty"`
	Outcome  string              `json:"outcome,omitempty"`
	Talk     string              `json:"talk,omitempty"`
	Campaign campaign.CampaignID `json:"campaign,omitempty"`
	Matter   string              `json:"matter,omitempty"`
	Person   bool                `json:"person,omitempty"`
	Account  bool                `json:"account,omitempty"`
	Outside  bool                `json:"outside,omitempty"`
	Inbound  bool                `json:"inbound,omitempty"`
}

func useDocOf(u *campaign.Use) useDoc {
	return useDoc{
		stamp(u.PlacedAt), u.Phone, u.Outcome.String(), talk(u.Talk), u.Campaign, u.Matter, u.Person, u.Account, u.Outside, u.Inbound,
	}
}

type consentDoc struct {
	Number    campaign.Phone          `json:"number,omitempty"`
	Purpose   campaign.Purpose        `json:"purpose,omitempty"`
	Scopes    []campaign.ConsentScope `json:"scopes"`
	GivenAt   string                  `json:"given_at"`
	ExpiresAt string                  `json:"expires_at,omitempty"`
	RevokedAt string                  `json:"revoked_at,omitempty"`
}

func consentDocOf(c *campaign.Consent) consentDoc {
	return consentDoc{c.Phone, c.Purpose, c.Scopes, stamp(c.GivenAt), stampUp(c.ExpiresAt), stampUp(c.RevokedAt)}
}

// stampUp is an instant in whole seconds, rounded up: decisions are asked in whole seconds, and a consent that still
// stands in the second's beginning stood in it.
func stampUp(t time.Time) string {
	if t.Nanosecond() != 0 {
		t = t.Truncate(time.Second).Add(time.Second)
	}
	return stampOr(t)
}
