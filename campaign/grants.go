package campaign

// Thing is what an id of a request may name.
type Thing string

// The things that belong to campaigns.
const (
	ThingCampaign    Thing = "campaign"
	ThingList        Thing = "list"
	ThingUpload      Thing = "upload"
	ThingLead        Thing = "lead"
	ThingAssignment  Thing = "assignment"
	ThingAppointment Thing = "appointment"
	ThingConsent     Thing = "consent"
	ThingAgent       Thing = "agent" // of every campaign that it works on
)

// SeesAgent says whether the caller may see an agent: one who works on a campaign that it sees.
func (c *Caller) SeesAgent(a *Agent) bool {
	if !c.Restricted() {
		return true
	}
	for i := range a.Campaigns {
		if c.Sees(a.Campaigns[i].CampaignID) {
			return true
		}
	}
	return false
}
