package campaign

import (
	"fmt"
	"unicode/utf8"
)

// Reasons of rows that are a lead already. They count as duplicates, as ProblemDuplicate does, not as problems.
const (
	ProblemInCampaign = "duplicate_in_campaign" // the number or the external id is a lead of this campaign
	ProblemElsewhere  = "duplicate_elsewhere"   // with ImportOptions.Across: a lead of another campaign
)

// DuplicateReason says whether a problem's reason makes its row a duplicate of a Tally.
func DuplicateReason(reason string) bool {
	return reason == ProblemDuplicate || reason == ProblemInCampaign || reason == ProblemElsewhere
}

// ImportBatch is a stretch of a file's rows on its way into the record: one transaction, some thousands of rows.
// A row is wholly in one batch. The rows of a batch are its drafts, and the lines of its problems that are no warnings.
type ImportBatch struct {
	Upload    UploadID
	List      ListID
	Drafts    []Draft
	Problems  []Problem
	RowsDone  int64    // rows of the file, counted as Tally.Rows, that are taken in with this batch: the checkpoint
	BytesDone int64    // bytes of the file read by then, for progress
	Headings  []string // the file's columns; taken from the first batch
}

// Counts are the batch's rows before the record has looked for leads it has already.
func (b *ImportBatch) Counts() Tally {
	t := Tally{Leads: int64(len(b.Drafts))}
	seen := make(map[int]bool, len(b.Problems))
	for i := range b.Problems {
		p := &b.Problems[i]
		if p.Warning || seen[p.Line] {
			continue
		}
		seen[p.Line] = true
		if DuplicateReason(p.Reason) {
			t.Duplicates++
		} else {
			t.Problems++
		}
	}
	t.Rows = t.Leads + t.Problems + t.Duplicates
	return t
}

// Add is the tally of both.
func (t Tally) Add(o Tally) Tally {
	return Tally{
		Rows: t.Rows + o.Rows, Leads: t.Leads + o.Leads, Problems: t.Problems + o.Problems,
		Duplicates: t.Duplicates + o.Duplicates, Suppressed: t.Suppressed + o.Suppressed,
	}
}

// ProblemCursor is a place among a list's problems; the zero value is before the first.
type ProblemCursor struct{ Line, N int }

// Validate says what is wrong with the options, every fault at once, each by its field.
func (o *ImportOptions) Validate() error {
	var f faults
	if utf8.RuneCountInString(o.ListName) > 200 {
		f.add("options.list_name", "must be at most 200 characters")
	}
	if o.Region != "" && !KnownRegion(o.Region) {
		f.add("options.region", fmt.Sprintf("%q is no country: give its two letters (ISO 3166-1), such as CN, US or GB", o.Region))
	}
	if o.Zone != "" {
		if fault := zoneFault(o.Zone); fault != "" {
			f.add("options.zone", fault)
		}
	}
	if utf8.RuneCountInString(o.Delimiter) > 1 {
		f.add("options.delimiter", fmt.Sprintf("%q is more than one character", o.Delimiter))
	}
	if o.Header != "" && o.Header != "yes" && o.Header != "no" {
		f.add("options.header", fmt.Sprintf("%q is neither yes nor no: leave it out to have it guessed", o.Header))
	}
	return f.err()
}
