package campaign

import (
	"slices"
	"time"
)

// Sites are where the lead's numbers may be, each once, that of its first number's first; a lead without numbers has
// the site of its own zones and places. Consents are those that stand at now; they are asked for the purpose of the
// campaign.
func (l *Lead) Sites(consents []Consent, purpose Purpose, now time.Time) []Site {
	if len(l.Numbers) == 0 {
		return []Site{l.SiteOf(Number{}, consents, purpose, now)}
	}
	var out []Site
	for _, n := range l.Numbers {
		s := l.SiteOf(n, consents, purpose, now)
		if !slices.ContainsFunc(out, s.Same) {
			out = append(out, s)
		}
	}
	return out
}

// SiteOf is where one of the lead's numbers may be.
func (l *Lead) SiteOf(n Number, consents []Consent, purpose Purpose, now time.Time) Site {
	s := Site{Zones: l.Zones, Places: l.Places}
	if len(n.Zones) > 0 {
		s.Zones = n.Zones
	}
	if len(n.Places) > 0 {
		all := slices.Concat(l.Places, n.Places)
		slices.Sort(all)
		s.Places = slices.Compact(all)
	}
	s.Consented = slices.ContainsFunc(consents, func(c Consent) bool {
		return c.Opens(ConsentHours, purpose, n.Phone) && c.Standing(now)
	})
	return s
}

// Same says whether two sites are the same.
func (s Site) Same(o Site) bool {
	return s.Consented == o.Consented && slices.Equal(s.Zones, o.Zones) && slices.Equal(s.Places, o.Places)
}

// Opens says whether the consent is of the scope, for the purpose and for calls to the number, whenever it stands.
func (c *Consent) Opens(scope ConsentScope, purpose Purpose, number Phone) bool {
	return slices.Contains(c.Scopes, scope) && (c.Purpose == "" || c.Purpose == purpose.OrSales()) && (c.Phone == "" || c.Phone == number)
}

// OrSales is the purpose, or sales, where law is strictest, when none is given.
func (p Purpose) OrSales() Purpose {
	if p == "" {
		return PurposeSales
	}
	return p
}

// LeadZones are the zones of the group's leads that have none of their own numbers' zones: those of its first site.
func (g *Group) LeadZones() []string {
	if len(g.Sites) == 0 {
		return nil
	}
	return g.Sites[0].Zones
}
