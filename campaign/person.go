package campaign

// PersonQuery names a person by exactly one of its fields, or by Source with ExternalID.
type PersonQuery struct {
	Lead       LeadID // 0: otherwise
	Number     Phone  // empty: otherwise
	ExternalID string // empty: otherwise
	Source     string // in whose; empty: whosever
}
