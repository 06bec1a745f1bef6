package campaign

import "time"

// Suppression forbids a number everywhere: nothing is offered or dialled from the moment it is acknowledged (I5).
type Suppression struct {
	Phone     Phone
	Reason    string // do_not_call, complaint, register, …
	Source    string // who said so: an agent's login, a list's name, a CRM
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
}

// InForce says whether it binds at t.
func (s *Suppression) InForce(t time.Time) bool {
	return s.ExpiresAt.IsZero() || t.Before(s.ExpiresAt)
}
