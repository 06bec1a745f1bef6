package simulate

import _ "embed"

//go:embed largest.json
var largest []byte

// Largest is the text of the scenario that the goal speaks of: 200,000 leads, 100 agents, 30 days.
func Largest() []byte { return largest }
