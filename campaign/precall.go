package campaign

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// How long a CRM may take to say whether a lead may be called.
const (
	PreCallDeadline     = time.Second // if the campaign does not say
	PreCallDeadlineLow  = 50 * time.Millisecond
	PreCallDeadlineHigh = 5 * time.Second
)

// How long a lead is held off.
const (
	HoldSilent = time.Minute          // without an answer, where the campaign offers nothing without one
	HoldMost   = 366 * 24 * time.Hour // whatever the CRM says: who must never be called is withdrawn
	holdReason = 200                  // characters of the reason
)

// HoldNoAnswer is the reason of a hold because the CRM did not answer.
const HoldNoAnswer = "the CRM did not answer"

// AssignmentHeldOff is why an offer was taken back whose lead a CRM held off.
const AssignmentHeldOff = "precall"

// PreCallQuestion is what a CRM is asked before a lead is offered.
type PreCallQuestion struct {
	Campaign   CampaignID
	Name       string // of the campaign
	Lead       LeadID
	Source     string
	ExternalID string
	Number     Phone     // that would be dialled
	Account    string    // empty: none
	Reason     string    // of the assignment
	Login      string    // of the agent
	PromisedAt time.Time // zero: no promise
}

// PreCallAnswer is what it says.
type PreCallAnswer struct {
	Allow     bool
	NotBefore time.Time // of a no; zero: after the campaign's interval
	Reason    string    // of a no, for people; empty: not said
	Withdraw  bool      // of a no: never
}

// PreCallAbout is the question about a lead that was claimed for an agent.
func PreCallAbout(c *Claimed, login string) PreCallQuestion {
	a, l := c.Assignment, c.Facts.Lead
	q := PreCallQuestion{Campaign: a.CampaignID, Name: c.Facts.Campaign.Name, Lead: a.LeadID, Source: l.Source, ExternalID: l.ExternalID,
		Number: a.Number, Account: l.Account, Reason: a.Reason, Login: login}
	if p := c.Facts.Promise; p != nil {
		q.PromisedAt = p.At
	}
	return q
}

// HoldOff has an offer that nobody has seen taken back, and its lead held off or withdrawn.
type HoldOff struct {
	Assignment AssignmentID
	Until      time.Time // in whole seconds; the lead may be called from then on
	Reason     string    // for people, at most 200 characters; empty: not said
	Withdraw   bool      // never
}

// HoldOff is what a campaign makes of an answer at now, or of none (err): nil, the lead may be offered. Interval is what
// the campaign waits before it tries again.
func (p PreCall) HoldOff(id AssignmentID, a PreCallAnswer, err error, interval time.Duration, now time.Time) *HoldOff {
	switch {
	case err != nil && p.FailClosed:
		return &HoldOff{Assignment: id, Until: wholeSecond(now.Add(HoldSilent)), Reason: HoldNoAnswer}
	case err != nil, a.Allow:
		return nil
	}
	h := &HoldOff{Assignment: id, Until: a.NotBefore, Reason: plainText(a.Reason, holdReason), Withdraw: a.Withdraw}
	if !h.Until.After(now) {
		h.Until = now.Add(max(interval, HoldSilent))
	}
	if most := now.Add(HoldMost); h.Until.After(most) {
		h.Until = most
	}
	h.Until = wholeSecond(h.Until)
	return h
}

// wholeSecond is the first whole second that is not before t.
func wholeSecond(t time.Time) time.Time {
	if s := t.Truncate(time.Second); !s.Equal(t) {
		return s.Add(time.Second).UTC()
	}
	return t.UTC()
}

// plainText is the first most characters of what others wrote, on one line.
func plainText(s string, most int) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s))
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most])
	}
	return s
}

// Held says of a lead that is held off until when and why, for people; empty: it is not, at now.
func (l *Lead) Held(now time.Time) string {
	switch {
	case !l.HeldOffUntil.After(now):
		return ""
	case l.HeldOffReason == "":
		return "the CRM said no"
	case l.HeldOffReason == HoldNoAnswer:
		return HoldNoAnswer
	default:
		return "the CRM said: " + l.HeldOffReason
	}
}

func (f *faults) preCall(p PreCall) {
	if p.Address == "" {
		return
	}
	host, port, err := net.SplitHostPort(p.Address)
	n, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || n == 0 || host == "" || len(p.Address) > 260 || strings.ContainsFunc(host, notHost) {
		f.add("pre_call.address", fmt.Sprintf("%q is no address: write host:port, such as crm.example.com:443", p.Address))
	}
	if p.Deadline < PreCallDeadlineLow || p.Deadline > PreCallDeadlineHigh {
		f.add("pre_call.deadline", "must be from 50ms to 5s")
	}
	if len(p.TokenName) > maxName || strings.HasPrefix(p.TokenName, ".") || strings.ContainsFunc(p.TokenName, notName) {
		f.add("pre_call.token_name", fmt.Sprintf("must be at most %d letters, digits, dots, dashes and underscores, not beginning with a dot", maxName))
	}
}

func notName(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '.' && r != '-' && r != '_'
}

func notHost(r rune) bool { return notName(r) && r != ':' } // of an IPv6 address
