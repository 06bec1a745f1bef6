package campaign

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Reasons of problems, stable for programs.
const (
	ProblemNoPhone        = "no_phone"          // no cell of the row holds a number
	ProblemBadPhone       = "bad_phone"         // not a number that exists in its country's plan
	ProblemDigitsLost     = "digits_lost"       // scientific notation or ####: the number cannot be known any more
	ProblemShortNumber    = "short_number"      // a service number, not a subscriber's
	ProblemNoAreaCode     = "no_area_code"      // a local number without its area code
	ProblemNoCountry      = "no_country"        // written nationally, and nothing says of which country
	ProblemUnknownCountry = "unknown_country"   // the country cell names none with a numbering plan
	ProblemBadType        = "bad_number_type"   // premium rate, pager, voicemail: never dialled
	ProblemBadZone        = "bad_zone"          // the zone cell names no zone
	ProblemBadPriority    = "bad_priority"      // the priority cell is no whole number
	ProblemBadState       = "bad_state"         // the state cell names none of the row's country
	ProblemBadConsent     = "bad_consent"       // a consent that cannot be read, proved or dated: not recorded
	ProblemTooManyColumns = "too_many_columns"  // the row has more cells than the heading
	ProblemCellTooLong    = "cell_too_long"     // a cell beyond the limit
	ProblemDuplicate      = "duplicate_in_file" // an earlier line has the same number or external id
)

// Row is one record of a list file, whatever its format. Cells belong to the row and are not used again.
type Row struct {
	Line   int      // where it begins, from 1
	Cells  []string // valid UTF-8 without NUL; short rows are short
	Offset int64    // bytes of the file read when the row was complete, for progress; 0: not known
	Fault  *Fault   // why the row cannot be used as a whole; nil: it can
}

// Fault is what is wrong with one cell, before anybody knows which cell it was.
type Fault struct {
	Reason     string // one of the Problem constants
	Value      string // the part of the cell that is wrong
	Message    string
	Suggestion string
}

// PhoneHint is what a row and its campaign say about the country of a number written nationally, strongest first.
type PhoneHint struct {
	DialCode string // the row's, such as "44"; empty or 0: none
	Country  string // the row's, as a name or code in any usual language; empty: none
	Region   string // the import's, ISO 3166-1 alpha-2; empty: none
}

// Normaliser turns what people type into numbers. It must be safe for concurrent use.
type Normaliser interface {
	// Numbers reads the numbers of a cell in order; an empty cell has none of either.
	Numbers(cell string, hint PhoneHint) ([]Number, []Fault)
	// Zones are every zone the number may be in; nil: unknown. The slice is shared: never changed.
	Zones(p Phone) []string
	// Country is the code (ISO 3166-1 alpha-2) of a country by its name or code in any usual language.
	Country(name string) (code string, ok bool)
}

// RowState says what became of a row.
type RowState uint8

// A row is a lead, a problem or a duplicate: the parts of a Tally.
const (
	RowLead RowState = iota
	RowProblem
	RowDuplicate
)

// RowVerdict is what the importer makes of one row.
type RowVerdict struct {
	Line     int
	Offset   int64
	State    RowState
	Draft    Draft     // of a RowLead
	Problems []Problem // why it is no lead, or warnings of one that is
}

// Importer turns rows into drafts by a mapping. It is pure and safe for concurrent use.
type Importer struct {
	Map    Mapping
	Phones Normaliser
	Region string // of national numbers when the row names no country; empty: none
	Zone   string // of leads whose zone is unknown; IANA, required
}

// judging is one row on its way to a verdict.
type judging struct {
	*Importer
	row      Row
	draft    Draft
	parts    [3]string // first, middle, last name
	fullName string
	nameRank int
	hint     PhoneHint
	zone     string
	ext      string
	state    cellAt
	postal   cellAt
	consent  consentCells
	kept     []Attribute
	warnings []Problem
}

// Judge says what one row is, duplicates apart (those depend on the rows before: see Run).
func (im *Importer) Judge(row Row) RowVerdict {
	if im.Map.Mended {
		row.Cells = unguarded(row.Cells)
	}
	j := judging{Importer: im, row: row, draft: Draft{Line: row.Line, Cells: row.Cells}, hint: PhoneHint{Region: im.Region}}
	v := RowVerdict{Line: row.Line, Offset: row.Offset}
	if row.Fault != nil {
		v.State, v.Problems = RowProblem, []Problem{j.problem(-1, *row.Fault)}
		return v
	}
	if extra := j.overflow(); extra != nil {
		v.State, v.Problems = RowProblem, []Problem{*extra}
		return v
	}
	j.readCells()
	faults := j.readPhones()
	if len(j.draft.Numbers) == 0 {
		if len(faults) == 0 {
			faults = []Problem{j.noPhone()}
		}
		v.State, v.Problems = RowProblem, faults
		return v
	}
	j.finish()
	v.Draft = j.draft
	for i := range faults {
		faults[i].Warning = true
	}
	v.Problems = append(faults, j.warnings...)
	return v
}

// overflow reports cells beyond the heading that hold something.
func (j *judging) overflow() *Problem {
	for i := len(j.Map.Columns); i < len(j.row.Cells); i++ {
		if strings.TrimSpace(j.row.Cells[i]) == "" {
			continue
		}
		p := j.problem(-1, Fault{
			Reason: ProblemTooManyColumns, Value: j.row.Cells[i],
			Message:    fmt.Sprintf("the row has %d cells, the heading %d", len(j.row.Cells), len(j.Map.Columns)),
			Suggestion: "put cells that hold the delimiter between double quotes",
		})
		return &p
	}
	return nil
}

func (j *judging) noPhone() Problem {
	f := Fault{Reason: ProblemNoPhone, Message: "the row holds no telephone number", Suggestion: "fill in a number, or leave the row out"}
	column := slices.IndexFunc(j.Map.Columns, func(c Column) bool { return c.Field == FieldPhone })
	if column < 0 {
		f.Message = "no column of the file was recognised as telephone numbers"
		f.Suggestion = "name one: --map COLUMN=phone"
	}
	return j.problem(column, f)
}

// problem makes a problem of column i (-1: the row as a whole).
func (j *judging) problem(i int, f Fault) Problem {
	p := Problem{Line: j.row.Line, Value: clip(f.Value, 200), Reason: f.Reason, Message: f.Message, Suggestion: f.Suggestion, Row: j.row.Cells}
	if i >= 0 && i < len(j.Map.Columns) {
		p.Column = j.Map.Columns[i].Heading
	}
	return p
}

func (j *judging) readCells() {
	for i, c := range j.Map.Columns {
		if i >= len(j.row.Cells) {
			break
		}
		cell := strings.TrimSpace(j.row.Cells[i])
		if cell == "" {
			continue
		}
		switch c.Field {
		case FieldIgnore, FieldPhone:
			continue
		case FieldName:
			if j.fullName == "" || c.Rank < j.nameRank {
				j.fullName, j.nameRank = cell, c.Rank
			}
			if c.Rank <= rankFullName {
				continue
			}
		case FieldFirstName:
			j.parts[0] = cell
		case FieldMiddleName:
			j.parts[1] = cell
		case FieldLastName:
			j.parts[2] = cell
		case FieldExternalID:
			j.draft.ExternalID = clip(cell, 200)
			continue
		case FieldDialCode:
			j.hint.DialCode = cell
		case FieldCountry:
			if code := strings.TrimLeft(cell, "+0"); isDigits(code) && j.hint.DialCode == "" {
				j.hint.DialCode = code
			} else {
				j.hint.Country = cell
			}
		case FieldExtension:
			j.ext = digitsOf(cell)
		case FieldZone:
			j.readZone(i, cell)
			continue
		case FieldPriority:
			j.readPriority(i, cell)
			continue
		default:
			j.readFact(i, cell)
		}
		j.kept = append(j.kept, Attribute{Name: c.Heading, Value: cell})
	}
}

func (j *judging) readZone(i int, cell string) {
	zone, ok := ZoneNamed(cell)
	if ok {
		j.zone = zone
		return
	}
	j.warn(i, Fault{
		Reason: ProblemBadZone, Value: cell, Message: fmt.Sprintf("%q is no time zone", clip(cell, 60)),
		Suggestion: "write it as America/New_York or Asia/Shanghai; the number's own zones are used meanwhile",
	})
	j.kept = append(j.kept, Attribute{Name: j.Map.Columns[i].Heading, Value: cell})
}

func (j *judging) readPriority(i int, cell string) {
	n, err := strconv.ParseInt(strings.TrimSuffix(cell, ".0"), 10, 32)
	if err == nil {
		j.draft.Priority = int(n)
		return
	}
	j.warn(i, Fault{
		Reason: ProblemBadPriority, Value: cell, Message: fmt.Sprintf("priority %q is no whole number", clip(cell, 60)),
		Suggestion: "write a whole number, higher first; 0 is used meanwhile",
	})
	j.kept = append(j.kept, Attribute{Name: j.Map.Columns[i].Heading, Value: cell})
}

func (j *judging) warn(i int, f Fault) {
	p := j.problem(i, f)
	p.Warning = true
	j.warnings = append(j.warnings, p)
}

// readPhones fills the numbers, best columns first, and returns what is wrong with cells that gave none.
func (j *judging) readPhones() []Problem {
	var faults []Problem
	for _, i := range j.Map.Phones {
		if i >= len(j.row.Cells) {
			continue
		}
		cell := strings.TrimSpace(j.row.Cells[i])
		if cell == "" {
			continue
		}
		numbers, bad := j.Phones.Numbers(cell, j.hint)
		for _, n := range numbers {
			n.Label = cmp.Or(n.Label, j.Map.Columns[i].Label)
			j.add(n)
		}
		for _, f := range bad {
			faults = append(faults, j.problem(i, f))
		}
		if len(bad) > 0 {
			j.kept = append(j.kept, Attribute{Name: j.Map.Columns[i].Heading, Value: cell})
		}
	}
	if j.ext != "" && len(j.draft.Numbers) > 0 && j.draft.Numbers[0].Extension == "" {
		j.draft.Numbers[0].Extension = j.ext
	}
	return faults
}

func (j *judging) add(n Number) {
	for _, have := range j.draft.Numbers {
		if have.Phone == n.Phone && have.Extension == n.Extension {
			return
		}
	}
	j.draft.Numbers = append(j.draft.Numbers, n)
}

// finish sets the name, the zones, the places, the consents and the attributes of a row that has a number.
func (j *judging) finish() {
	joined := joinName(j.parts)
	if j.fullName != "" && (joined == "" || j.nameRank <= rankFullName) {
		j.draft.Name = clip(j.fullName, 200)
	} else {
		j.draft.Name = clip(joined, 200)
	}
	j.setZones()
	j.readPlaces()
	j.readConsent()
	j.draft.Attributes = j.kept
}

// setZones takes the row's own zone; else those of its first number, and a number of other zones keeps its own, so that
// it can be called while the first one's people sleep.
func (j *judging) setZones() {
	if j.zone != "" {
		j.draft.Zones = []string{j.zone}
		return
	}
	j.draft.Zones = j.Phones.Zones(j.draft.Numbers[0].Phone)
	if len(j.draft.Zones) == 0 {
		j.draft.Zones = []string{j.Zone}
	}
	for i := range j.draft.Numbers[1:] {
		n := &j.draft.Numbers[i+1]
		if own := j.Phones.Zones(n.Phone); len(own) > 0 && !slices.Equal(own, j.draft.Zones) {
			n.Zones = own
		}
	}
}

// joinName puts the parts in order; a Chinese, Japanese or Korean family name comes first, without spaces.
func joinName(parts [3]string) string {
	first, middle, last := parts[0], parts[1], parts[2]
	if isHan(first) && isHan(last) {
		return last + middle + first
	}
	return strings.Join(slices.DeleteFunc([]string{first, middle, last}, func(s string) bool { return s == "" }), " ")
}
