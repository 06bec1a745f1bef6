package config

// Fault is a setting that cannot be used: what is wrong with it and what to give instead. A process that meets one
// anywhere ends with status 2, for it is not worth starting again unchanged.
type Fault string

// Error is the text.
func (f Fault) Error() string { return string(f) }
