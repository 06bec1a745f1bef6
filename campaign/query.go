package campaign

// LeadFilter says which leads to find. Fields left empty do not count; all that are given must hold. Leads of a list
// that is still loading, or was refused, are never found.
type LeadFilter struct {
	Campaign   CampaignID
	List       ListID
	State      LeadState
	Phone      Phone  // any of the lead's numbers, good or bad
	ExternalID string // whatever the source
	Text       string // part of the name, whatever the case (letters of ASCII on SQLite)
	AfterID    LeadID // leads with a higher id; 0: from the first
	Limit      int    // 0: 100

	Among []CampaignID // leads of these campaigns alone; empty: of every one
}

// Empty says whether nothing narrows the search but whose leads they may be.
func (f LeadFilter) Empty() bool {
	return f.Campaign == 0 && f.List == 0 && f.State == "" && f.Phone == "" && f.ExternalID == "" && f.Text == ""
}

// LeadUpdate changes a lead. A nil field is left as it is; the others replace the old value whole.
type LeadUpdate struct {
	ID         LeadID
	Version    int64 // the one that was seen; 0: whatever it is
	Name       *string
	Numbers    *[]Number
	Zones      *[]string
	Attributes *[]Attribute
	Priority   *int
	Account    *string
	Places     *[]string
	By         string // who changes it, for the event
}

// LeadCounts are a campaign's leads by state; states without leads are absent.
type LeadCounts map[LeadState]int64
