package scheduler

import (
	"fmt"
	"time"

	"redial/campaign"
)

// The gates of the record: what the campaign, the list, the lead and its numbers allow.

func campaignGate(q *inquiry) view {
	switch q.f.Campaign.State {
	case campaign.CampaignRunning:
		return pass("the campaign runs")
	case campaign.CampaignFinished:
		if q.promise != nil {
			return pass("the campaign is finished and keeps the promises still open")
		}
		return shut("the campaign is finished")
	case campaign.CampaignPaused:
		return shut("the campaign is paused: start it to go on")
	default:
		return shut("the campaign has not been started")
	}
}

func listGate(q *inquiry) view {
	switch l := q.f.List; {
	case l == nil:
		return pass("the list was not asked")
	case l.State == campaign.ListLoading:
		return shut("the list is still being taken in")
	case l.State == campaign.ListFailed:
		return shut("the list was refused")
	case q.promise != nil && (!l.On || l.State == campaign.ListUndone):
		return pass("the list offers nothing more, but the promise stands")
	case l.State == campaign.ListUndone:
		return shut("the list was taken back")
	case !l.On:
		return shut("the list is switched off")
	default:
		return pass("the list is switched on")
	}
}

func stateGate(q *inquiry) view {
	if _, ended := q.d.ended(); ended {
		return view{say: func(q *inquiry) string {
			return fmt.Sprintf("the last attempt ended %v: nothing more is called", q.d.last)
		}}
	}
	switch s := q.f.Lead.State; {
	case s == campaign.LeadOpen:
		return pass("the lead waits to be called")
	case s == campaign.LeadHeld && q.f.Mine:
		return pass("the lead is in the asking agent's hands")
	case s == campaign.LeadHeld:
		return view{say: func(q *inquiry) string {
			if q.f.Holder == "" {
				return "an agent has the lead"
			}
			return q.f.Holder + " has the lead"
		}}
	default:
		return view{say: func(q *inquiry) string {
			if l := q.f.Lead; !l.Plan.Open() && l.Plan.Reason != "" {
				return fmt.Sprintf("the lead is %s: %s", l.State, l.Plan.Reason)
			}
			return fmt.Sprintf("the lead is %s", q.f.Lead.State)
		}}
	}
}

func suppressionGate(q *inquiry) view {
	switch {
	case q.d.number != "" && q.d.blocked:
		return pass("a number is suppressed, another may be called")
	case q.d.blocked:
		return shutUntil(q.lifted(), "every good number is suppressed")
	default:
		return pass("no number is suppressed")
	}
}

// lifted is when the first number is free of every suppression in force; zero when none will be.
func (q *inquiry) lifted() time.Time {
	last := make(map[campaign.Phone]campaign.Suppression)
	for _, s := range q.question.Suppressions {
		if !s.InForce(q.f.Now) || foundBad(q.d.tries, s.Phone) {
			continue
		}
		if was, ok := last[s.Phone]; !ok || s.Outlasts(&was) {
			last[s.Phone] = s
		}
	}
	var first time.Time
	for _, s := range last {
		if !s.ExpiresAt.IsZero() && (first.IsZero() || s.ExpiresAt.Before(first)) {
			first = s.ExpiresAt
		}
	}
	return first
}

func numberGate(q *inquiry) view {
	if q.d.number == "" && !q.d.blocked {
		return shut("no good number is left")
	}
	return pass("there is a good number")
}

// heldGate is closed while a CRM has the lead held off; it opens by itself.
func heldGate(q *inquiry) view {
	if q.d.held() == q.d.now {
		return pass("no CRM holds the lead off")
	}
	return view{openAt: q.question.HeldUntil, say: func(q *inquiry) string {
		return fmt.Sprintf("%s, until %s", q.f.Lead.Held(q.f.Now), q.local(q.question.HeldUntil))
	}}
}
