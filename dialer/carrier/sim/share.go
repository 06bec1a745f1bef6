package sim

import (
	"fmt"

	"redial/campaign"
)

// WithShare is the same table with another share of human answers that come to an outcome, 0 to 1; the others keep
// their proportions. The error, of kind KindInvalid, is of an outcome that the table does not have among those.
func (t *Table) WithShare(o campaign.Outcome, p float64) (*Table, error) {
	was, before, found := 0.0, 0.0, false
	for _, s := range t.talks {
		if s.outcome == o {
			was, found = s.upTo-before, true
		}
		before = s.upTo
	}
	if !found || !share(p) || was == 1 && p < 1 {
		return nil, campaign.Invalid("", fmt.Sprintf("the table of outcomes cannot have %v in %g of human answers", o, p))
	}
	other := *t
	other.talks = make([]slice, len(t.talks))
	sum := 0.0
	before = 0
	for i, s := range t.talks {
		part := p
		if s.outcome != o {
			part = (s.upTo - before) * (1 - p) / (1 - was)
		}
		before, sum = s.upTo, sum+part
		other.talks[i] = slice{sum, s.outcome}
	}
	other.talks[len(other.talks)-1].upTo = 1
	return &other, nil
}
