package campaign

import "time"

// Group is a calendar group: the leads of one list that share their zones and calendar. Whether it is open is asked
// of the group, so that no lead is rewritten at opening or closing time.
type Group struct {
	ID         GroupID
	CampaignID CampaignID
	ListID     ListID
	Zones      []string // IANA, in the leads' order, at least one
	Calendar   string   // empty: the campaign's own hours and holidays
	Priority   int      // of the list, higher first among fresh leads
}

// OpenGroup is a calendar group whose leads may be called at the instant of a query.
type OpenGroup struct {
	ID       GroupID
	Midnight time.Time // start of the local day, first zone: a lead last tried before it has rolled over
	Priority int       // of the list
}

// DueQuery asks for leads that may be called at Now, promises apart. The answer is in the order of offering: tried
// leads that rolled over, by Earliest; retries, by Earliest; fresh leads by ListPriority and Priority, higher first,
// then by id, which is the order of import.
type DueQuery struct {
	Campaign CampaignID
	Now      time.Time
	Groups   []OpenGroup
	Tried    int // at most so many leads that were tried before; 0: none
	Fresh    int // at most so many that never were; 0: none
}

// Due is a lead that may be called, with what its place in the order of offering depends on.
type Due struct {
	Lead         LeadID
	Group        GroupID
	Tried        bool      // it was called before
	RolledOver   bool      // Tried, and the last call was on an earlier local day
	Earliest     time.Time // the instant it waited for
	ListPriority int       // higher first, among fresh leads
	Priority     int       // within its list, higher first, among fresh leads
}

// NextQuery asks when leads of open groups that are not due at Now come due by themselves.
type NextQuery struct {
	Campaign CampaignID
	Now      time.Time
	Groups   []GroupID
}
