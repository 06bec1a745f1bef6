package main

import (
	"fmt"
	"strconv"
	"strings"

	pb "redial/proto/campaign/v1"
)

// eventLine is an event for people, in a line.
func eventLine(e *pb.Event) string {
	parts := []string{when(e.GetAt(), ""), word(e.GetType())}
	if id := e.GetCampaignId(); id != 0 {
		parts = append(parts, "campaign "+number(id))
	}
	if id := e.GetLeadId(); id != 0 {
		lead := "lead " + number(id)
		if e.GetExternalId() != "" {
			lead += " (" + strings.TrimPrefix(e.GetSource()+"/", "/") + e.GetExternalId() + ")"
		}
		parts = append(parts, lead)
	} else if id := e.GetListId(); id != 0 {
		parts = append(parts, "list "+number(id))
	}
	if e.GetAgentLogin() != "" {
		parts = append(parts, e.GetAgentLogin())
	}
	return strings.Join(parts, "  ") + ": " + strings.Join(eventWords(e), ", ")
}

// eventWords are what an event tells, in words; what is not set is left out.
func eventWords(e *pb.Event) []string {
	var out words
	switch b := e.GetBody().(type) {
	case *pb.Event_Lead:
		m := b.Lead
		out.add("", word(m.GetState())+" ("+m.GetReason()+")").add("", strings.Join(m.GetFields(), " ")).add("by ", m.GetBy())
		out.id("now lead ", m.GetMovedTo())
	case *pb.Event_Attempt:
		m := b.Attempt
		out.add("", m.GetOutcome().String()[len("OUTCOME_"):]).add("", m.GetCode()).add("", m.GetNumber()).add("new number ", m.GetNewNumber())
		if m.GetNote() != "" {
			out.add("", strconv.Quote(m.GetNote()))
		}
		out.add("next ", when(m.GetNextAt(), "")).add("", m.GetAmendment())
	case *pb.Event_Appointment:
		m := b.Appointment
		out.add("", fmt.Sprintf("%d %s", m.GetAppointmentId(), word(m.GetState()))).add("", strings.TrimSpace(m.GetLocal()+" "+m.GetZone()))
		out.add("at ", when(m.GetAt(), "")).add("", m.GetReason()).id("in place of ", m.GetReplaces())
	case *pb.Event_BadNumber:
		m := b.BadNumber
		out.add("", m.GetNumber()).add("", m.GetOutcome().String()[len("OUTCOME_"):]).add("new number ", m.GetNewNumber())
	case *pb.Event_Suppression:
		m := b.Suppression
		out.add("", m.GetNumber()).add("", strings.TrimSpace(word(m.GetScope())+" "+m.GetCountry())).add("", m.GetReason())
		out.add("by ", m.GetSource()).add("until ", when(m.GetExpiresAt(), ""))
	case *pb.Event_Consent:
		m := b.Consent
		out.id("consent ", m.GetConsentId()).add("", strings.Join(m.GetScopes(), " ")).add("for ", m.GetPurpose()).add("revoked by ", m.GetRevokedBy())
	case *pb.Event_List:
		m := b.List
		out.add("", fmt.Sprintf("%d rows, %d leads, %d problems", m.GetRows(), m.GetLeads(), m.GetProblems()))
	case *pb.Event_Campaign:
		out.add("", b.Campaign.GetState())
	case *pb.Event_Restored:
		out.add("", fmt.Sprintf("what was told after number %d and is not told again is lost", b.Restored.GetLastBefore()))
	}
	return out
}

// words are a list of what is known.
type words []string

func (w *words) add(before, text string) *words {
	if text != "" {
		*w = append(*w, before+text)
	}
	return w
}

func (w *words) id(before string, id int64) *words {
	if id == 0 {
		return w
	}
	return w.add(before, number(id))
}
