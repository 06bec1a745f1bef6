package campaign

import "time"

// Group is a calendar group: the leads of one list that share their sites. Whether it is open is asked of the group,
// so that no lead is rewritten at opening or closing time, or when a calendar changes.
type Group struct {
	ID         GroupID
	CampaignID CampaignID
	ListID     ListID
	Sites      []Site   // at least one: the group is open when one of them is
	Hours      []Window // of the list; empty: as the campaign
	Calendars  []string // of the list
	Priority   int      // of the list, higher first among fresh leads
}

// Site is where a number may be: what decides by the clock whether it may be called.
type Site struct {
	Zones     []string `json:"zones"`               // IANA, at least one; callable only when it is so in each
	Places    []string `json:"places,omitempty"`    // sorted; the law of each applies
	Consented bool     `json:"consented,omitempty"` // a consent opens the hours that the law closes
}

// OpenGroup is a calendar group whose leads may be called at the instant of a query.
type OpenGroup struct {
	ID       GroupID
	Midnight time.Time // start of the local day, first zone: a lead last tried before it has rolled over
	Day      int64     // the local day, first zone, in days since 1970-01-01
	Priority int       // of the list
}

// DueQuery asks for leads that may be called at Now, promises apart. The answer is in the order of offering: tried
// leads that rolled over, by Earliest; retries, by Earliest; fresh leads by ListPriority and Priority, higher first,
// then by id, which is the order of import. With Mix, rolled-over leads with a Turn go by it instead of by Earliest.
type DueQuery struct {
	Campaign CampaignID
	Now      time.Time
	Groups   []OpenGroup
	Tried    int // at most so many leads that were tried before; 0: none
	Fresh    int // at most so many that never were; 0: none
	Mix      bool
}

// Due is a lead that may be called, with what its place in the order of offering depends on.
type Due struct {
	Lead         LeadID
	Group        GroupID
	Tried        bool      // it was called before
	RolledOver   bool      // Tried, and the last call was on an earlier local day
	Earliest     time.Time // the instant it waited for
	Turn         int64     // see Plan.Turn; 0: none
	ListPriority int       // higher first, among fresh leads
	Priority     int       // within its list, higher first, among fresh leads
}

// NextQuery asks when leads of open groups that are not due at Now come due by themselves.
type NextQuery struct {
	Campaign CampaignID
	Now      time.Time
	Groups   []GroupID
}
