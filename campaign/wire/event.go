package wire

import (
	"encoding/json"
	"time"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

// Mask is a number as somebody may see it in a campaign, or, for 0, in none.
type Mask func(of campaign.CampaignID, number string) string

var eventTypes = states([]campaign.EventType{
	campaign.EventLeadAdded, campaign.EventLeadUpdated, campaign.EventLeadFinished, campaign.EventAttempt, campaign.EventAttemptAmended,
	campaign.EventBooked, campaign.EventAppointmentClosed, campaign.EventAppointmentMoved, campaign.EventConsentRecorded,
	campaign.EventConsentRevoked, campaign.EventBadData, campaign.EventSuppressed, campaign.EventLifted, campaign.EventListLoaded,
	campaign.EventListUndone, campaign.EventCampaignState, campaign.EventRestored, campaign.EventLeadErased,
})

// EventType is the type as a message.
func EventType(t campaign.EventType) pb.EventType { return pb.EventType(eventTypes[t]) }

// FromEventType is the inverse; empty for none.
func FromEventType(t pb.EventType) campaign.EventType { return unstate(eventTypes, int32(t)) }

// eventData is everything that the data of an event may say; an older program left some of it out.
type eventData struct {
	Assignment  int64                     `json:"assignment"`
	Outcome     campaign.Outcome          `json:"outcome"`
	Code        string                    `json:"code"`
	Number      string                    `json:"number"`
	NewNumber   string                    `json:"new_number"`
	Note        string                    `json:"note"`
	PlacedAt    time.Time                 `json:"placed_at"`
	EndedAt     time.Time                 `json:"ended_at"`
	Why         string                    `json:"why"`
	Verdict     string                    `json:"verdict"`
	At          time.Time                 `json:"at"`
	Kind        string                    `json:"kind"`
	By          string                    `json:"by"`
	State       string                    `json:"state"`
	Reason      string                    `json:"reason"`
	Change      string                    `json:"change"`
	Fields      []string                  `json:"fields"`
	MovedTo     int64                     `json:"moved_to"`
	Appointment int64                     `json:"appointment"`
	Local       string                    `json:"local"`
	Zone        string                    `json:"zone"`
	Insisted    bool                      `json:"insisted"`
	Replaces    int64                     `json:"replaces"`
	Scope       campaign.SuppressionScope `json:"scope"`
	Country     string                    `json:"country"`
	Source      string                    `json:"source"`
	ExternalID  string                    `json:"external_id"`
	ExpiresAt   time.Time                 `json:"expires_at"`
	Consent     int64                     `json:"consent"`
	Scopes      []string                  `json:"scopes"`
	Purpose     string                    `json:"purpose"`
	Rows        int64                     `json:"rows"`
	Leads       int64                     `json:"leads"`
	Problems    int64                     `json:"problems"`
	Duplicates  int64                     `json:"duplicates"`
	LastBefore  int64                     `json:"last_before"`
}

// Event is an event as a message, numbers as mask shows them. Data that cannot be read leaves what it would say unset: one
// broken row must not end the stream.
func Event(e *campaign.ToldEvent, mask Mask) *pb.Event {
	var d eventData
	_ = json.Unmarshal([]byte(e.Data), &d)
	m := &pb.Event{
		Id: int64(e.ID), Type: EventType(e.Type), At: Time(e.At), CampaignId: int64(e.CampaignID), ListId: int64(e.ListID),
		LeadId: int64(e.LeadID), Source: e.Source, ExternalId: e.ExternalID, AgentId: int64(e.AgentID), AgentLogin: e.AgentLogin,
	}
	if e.Type == campaign.EventLeadErased && m.ExternalId == "" {
		m.Source, m.ExternalId = d.Source, d.ExternalID // the lead is no longer known by it, and who is to forget it must know
	}
	if e.Erased {
		d.Number, d.NewNumber, d.Note = "", "", ""
	}
	for _, n := range []*string{&d.Number, &d.NewNumber, &d.Note, &d.Reason} {
		*n = mask.Text(e.CampaignID, *n)
	}
	d.into(m, e)
	return m
}

func (d *eventData) into(m *pb.Event, e *campaign.ToldEvent) {
	switch e.Type {
	case campaign.EventLeadAdded, campaign.EventLeadUpdated, campaign.EventLeadFinished, campaign.EventLeadErased:
		m.Body = &pb.Event_Lead{Lead: d.lead(e.Type)}
	case campaign.EventAttempt, campaign.EventAttemptAmended:
		m.Body = &pb.Event_Attempt{Attempt: d.attempt()}
	case campaign.EventBooked, campaign.EventAppointmentClosed, campaign.EventAppointmentMoved:
		m.Body = &pb.Event_Appointment{Appointment: d.appointment()}
	case campaign.EventBadData:
		m.Body = &pb.Event_BadNumber{BadNumber: &pb.BadNumberTold{Number: d.Number, Outcome: Outcome(d.Outcome), NewNumber: d.NewNumber}}
	case campaign.EventSuppressed, campaign.EventLifted:
		m.Body = &pb.Event_Suppression{Suppression: d.suppression(e)}
	case campaign.EventConsentRecorded, campaign.EventConsentRevoked:
		m.Body = &pb.Event_Consent{Consent: d.consent(e.Type)}
	case campaign.EventListLoaded, campaign.EventListUndone:
		m.Body = &pb.Event_List{List: &pb.ListTold{Rows: d.Rows, Leads: d.Leads, Problems: d.Problems + d.Duplicates}}
	case campaign.EventCampaignState:
		m.Body = &pb.Event_Campaign{Campaign: &pb.CampaignTold{State: d.State}}
	case campaign.EventRestored:
		m.Body = &pb.Event_Restored{Restored: &pb.Restored{LastBefore: d.LastBefore}}
	}
}

// leadReason is what a change of a lead says of itself where its data does not.
var leadReason = map[campaign.EventType]string{
	campaign.EventLeadAdded: "added", campaign.EventLeadUpdated: "owner", campaign.EventLeadErased: "erased",
}

func (d *eventData) lead(of campaign.EventType) *pb.LeadChange {
	c := &pb.LeadChange{State: LeadState(campaign.LeadState(d.State)), Reason: d.Change, Fields: d.Fields, By: d.By, MovedTo: d.MovedTo}
	switch {
	case of == campaign.EventLeadFinished:
		c.Reason = d.Reason
	case d.Change == "":
		c.Reason = leadReason[of]
	case d.Change == "withdrawn" && d.State == "":
		c.State = LeadState(campaign.LeadWithdrawn)
	}
	return c
}

func (d *eventData) attempt() *pb.AttemptTold {
	a := &pb.AttemptTold{
		AssignmentId: d.Assignment, Outcome: Outcome(d.Outcome), Code: d.Code, Number: d.Number, NewNumber: d.NewNumber, Note: d.Note,
		PlacedAt: Time(d.PlacedAt), Reason: d.Why, Amendment: d.Kind,
	}
	if !d.PlacedAt.IsZero() && !d.EndedAt.Before(d.PlacedAt) {
		a.Duration = Duration(d.EndedAt.Sub(d.PlacedAt))
	}
	if plan := (campaign.Plan{Verdict: campaign.ParseVerdict(d.Verdict)}); plan.Open() {
		a.NextAt = Time(d.At)
	}
	return a
}

func (d *eventData) appointment() *pb.AppointmentTold {
	state := campaign.AppointmentState(d.State)
	if state == "" {
		state = campaign.AppointmentOpen
	}
	return &pb.AppointmentTold{
		AppointmentId: d.Appointment, State: AppointmentState(state), At: Time(d.At), Local: d.Local, Zone: d.Zone, Insisted: d.Insisted,
		Reason: d.Reason, Replaces: d.Replaces,
	}
}

var suppressionScopes = states([]campaign.SuppressionScope{campaign.ScopeSystem, campaign.ScopeCampaign, campaign.ScopeCountry})

func (d *eventData) suppression(e *campaign.ToldEvent) *pb.SuppressionTold {
	if d.Scope == "" {
		d.Scope = campaign.ScopeSystem
		if e.CampaignID != 0 {
			d.Scope = campaign.ScopeCampaign
		}
	}
	s := &pb.SuppressionTold{
		Number: d.Number, Scope: pb.SuppressionScope(suppressionScopes[d.Scope]), Country: d.Country, Reason: d.Reason, Source: d.Source,
		ExpiresAt: Time(d.ExpiresAt),
	}
	if e.Type == campaign.EventLifted {
		s.Reason = d.By
	}
	return s
}

func (d *eventData) consent(of campaign.EventType) *pb.ConsentTold {
	c := &pb.ConsentTold{ConsentId: d.Consent, Scopes: d.Scopes, Purpose: d.Purpose}
	if of == campaign.EventConsentRevoked {
		c.RevokedBy = d.By
		if d.Reason != "" {
			c.RevokedBy += ": " + d.Reason
		}
	}
	return c
}
