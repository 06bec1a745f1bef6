package campaign

import "time"

// AgentDay is an agent's own day so far: the calls it placed since midnight, from the ledger, as they stand after amendments.
type AgentDay struct {
	Date   Date
	Zone   string    // of the date: that of the campaign that the agent joined first; UTC without any
	From   time.Time // the day's first instant
	At     time.Time // when it was read
	Counts Counts    // Attempts, Outcomes, Talk and Handling; the rest is not counted
	Last   *LastCall // the last call that was recorded today; nil: none
}

// LastCall is a recorded call of an agent that it may still correct.
type LastCall struct {
	Attempt      Attempt
	LeadName     string
	Campaign     *Campaign
	CorrectUntil time.Time
}

// Count adds a recorded attempt to the day: talk is that of connects, handling that of calls whose end was told, as in
// every report.
func (d *AgentDay) Count(a *Attempt) {
	d.Counts.Call(a.Outcome, 1)
	talk := a.Talk()
	if a.Outcome.Connect() {
		d.Counts.Talk.Put(int64(talk/time.Second), 1)
		d.Counts.Talk.PutSum(talk)
	}
	if a.Outcome != Unknown {
		handling := talk + max(0, a.RecordedAt.Sub(a.EndedAt))
		d.Counts.Handling.Put(int64(handling/time.Second), 1)
		d.Counts.Handling.PutSum(handling)
	}
}
