package campaign

import "time"

// Suppression forbids a number where it binds: nothing is offered or dialled from the moment it is acknowledged (I5).
type Suppression struct {
	Phone     Phone
	Scope     SuppressionScope // empty: ScopeSystem
	Campaign  CampaignID       // of ScopeCampaign, and only of it
	Country   string           // of ScopeCountry, and only of it: ISO 3166-1 alpha-2
	Reason    string           // do_not_call, complaint, register, …
	Source    string           // who said so: an agent's login, a list's name, a CRM
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
}

// SuppressionScope is where a suppression binds.
type SuppressionScope string

// The scopes.
const (
	ScopeSystem   SuppressionScope = "system"   // everywhere
	ScopeCampaign SuppressionScope = "campaign" // in one campaign
	ScopeCountry  SuppressionScope = "country"  // for whoever may live in one country by number, address or the campaign's region
)

// InForce says whether it binds at t.
func (s *Suppression) InForce(t time.Time) bool {
	return s.ExpiresAt.IsZero() || t.Before(s.ExpiresAt)
}
