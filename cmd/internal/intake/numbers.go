package intake

import (
	"fmt"
	"io"
	"iter"
	"strings"

	"redial/campaign"
	"redial/campaign/listfile"
	"redial/campaign/phone"
)

// Numbers reads files of numbers that nobody may call. The zero value is ready.
type Numbers struct{}

// Numbers yields the rows of the file with every number in its column; without a column: in its only one, or in those that
// look like numbers by heading or cells, for whoever has several has asked for all of them. Errors: KindInvalid on the
// field "file", or on "column" with the choices.
func (Numbers) Numbers(r io.ReaderAt, size int64, name, column, region string) (iter.Seq2[campaign.NumberRow, error], error) {
	list, err := listfile.Open(r, size, name, campaign.ImportOptions{})
	if err != nil {
		return nil, err
	}
	at, err := numberColumns(list, column)
	if err != nil {
		return nil, closing(list, err)
	}
	hint := campaign.PhoneHint{Region: region}
	return func(yield func(campaign.NumberRow, error) bool) {
		for row, err := range list.Rows() {
			if err != nil {
				yield(campaign.NumberRow{}, err)
				break
			}
			if !yield(numbersOf(&row, at, hint), nil) {
				break
			}
		}
		_ = list.Close() // it was read to where anybody wants it
	}, nil
}

func closing(list *listfile.File, err error) error {
	_ = list.Close() // the file was not read far enough for an error of its own
	return err
}

// numberColumns are the columns that hold the numbers.
func numberColumns(list *listfile.File, column string) ([]int, error) {
	headings := list.Guess.Headings
	if column == "" && len(headings) == 1 {
		return []int{0}, nil
	}
	var given map[string]string
	if column != "" {
		given = map[string]string{column: string(campaign.FieldPhone)}
	}
	m, err := campaign.MatchHeader(headings, list.Sample(), given)
	if err != nil || len(m.Phones) == 0 {
		names := make([]string, len(headings))
		for i, h := range m.Headings() {
			names[i] = fmt.Sprintf("%q", h)
		}
		if err != nil {
			for i, h := range campaign.UniqueHeadings(headings) {
				names[i] = fmt.Sprintf("%q", h)
			}
		}
		said := "is needed: no column looks like numbers"
		if column != "" {
			said = fmt.Sprintf("%q is none of the file's", column)
		}
		return nil, campaign.Invalid("column", said+": name one of "+strings.Join(names, ", "))
	}
	if column == "" {
		return m.Phones, nil
	}
	for i, c := range m.Columns {
		if c.Why == "given" {
			return []int{i}, nil
		}
	}
	return m.Phones, nil
}

func numbersOf(row *campaign.Row, at []int, hint campaign.PhoneHint) campaign.NumberRow {
	out := campaign.NumberRow{Line: row.Line}
	if row.Fault != nil {
		out.Faults = append(out.Faults, *row.Fault)
		return out
	}
	for _, i := range at {
		if i >= len(row.Cells) {
			continue
		}
		numbers, faults := phone.Parse(row.Cells[i], hint)
		for j := range numbers {
			out.Phones = append(out.Phones, numbers[j].Phone)
		}
		out.Faults = append(out.Faults, faults...)
	}
	if len(out.Phones)+len(out.Faults) == 0 {
		out.Faults = []campaign.Fault{{Message: "the row holds no number", Suggestion: "write it into the column of numbers"}}
	}
	return out
}
