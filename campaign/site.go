package campaign

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Sites are where the lead's numbers may be, as its calendar group is made of: that of the first number in full, of the
// others those at another, each once, by their zones and countries alone. So the group may be open while the law of a
// state has such a number closed, never the other way round, and a list has hundreds of groups, not one for every
// pair of states: whether the lead may be called is judged at the claim. A lead without numbers has the site of its own
// zones and places. Consents are those that stand at now, asked for the purpose of the campaign.
func (l *Lead) Sites(consents []Consent, purpose Purpose, now time.Time) []Site {
	if len(l.Numbers) == 0 {
		return []Site{l.SiteOf(Number{}, consents, purpose, now)}
	}
	out := []Site{l.SiteOf(l.Numbers[0], consents, purpose, now)}
	for _, n := range l.Numbers[1:] {
		s := l.SiteOf(n, consents, purpose, now)
		if s.Same(out[0]) {
			continue
		}
		if s.Places = countries(s.Places); !slices.ContainsFunc(out, s.Same) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out[1:], func(a, b Site) int {
		return cmp.Or(slices.Compare(a.Zones, b.Zones), slices.Compare(a.Places, b.Places))
	})
	return out
}

// countries are the countries of places, sorted.
func countries(places []string) []string {
	var out []string
	for _, p := range places {
		country, _, _ := strings.Cut(p, "-")
		if !slices.Contains(out, country) {
			out = append(out, country)
		}
	}
	slices.Sort(out)
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
