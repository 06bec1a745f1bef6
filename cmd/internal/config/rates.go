package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"redial/campaign"
)

// rateMost bounds the calls a second of a token that may be set.
const rateMost = 1_000_000

// RatesOf reads how many calls a second each token of a role may make, as "crm=1000,agent=20"; 0: as many as it likes. A
// role that is not named is missing.
func (c *Config) RatesOf() (map[campaign.Role]float64, error) {
	rates := make(map[campaign.Role]float64)
	for part := range strings.SplitSeq(c.Rates, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		role, err := campaign.ParseRole("rates", strings.TrimSpace(name))
		if err != nil {
			return nil, fmt.Errorf("--rates %q: %q names no role: write it as crm=1000,agent=20", c.Rates, part)
		}
		if _, twice := rates[role]; twice {
			return nil, fmt.Errorf("--rates %q: %s is given twice: keep one", c.Rates, role)
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || math.IsNaN(n) || n < 0 || n > rateMost {
			return nil, fmt.Errorf("--rates %q: %q is no rate: write it as %s=20, calls a second up to %d, 0 for no limit", c.Rates, part, role, rateMost)
		}
		rates[role] = n
	}
	return rates, nil
}
