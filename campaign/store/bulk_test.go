package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"redial/campaign"
)

// odd are texts with everything that JSON and COPY have to say differently.
var odd = []string{"", "plain", "上海 ☎", `"quoted" \ back`, "<b>&amp;</b>", "1 < 2", "2 > 1", "me & you", "tab\tline\nnul-less \x01\x1f\x7f", "sep\u2028\u2029", "broken \xff\xe4", "\xed\xa0\x80", "😀"}

func TestJSONMadeByHandIsThatOfTheLibrary(t *testing.T) {
	t.Parallel()
	for _, a := range odd {
		for _, b := range odd {
			sameJSON(t, a, b)
		}
	}
	for _, none := range [][]byte{appendNumbers(nil, nil), appendAttributes(nil, nil), appendTexts(nil, nil)} {
		if string(none) != "[]" {
			t.Errorf("nothing is %s, want []", none)
		}
	}
}

func FuzzJSONMadeByHandIsThatOfTheLibrary(f *testing.F) {
	for _, s := range odd {
		f.Add(s, "b")
	}
	f.Fuzz(func(t *testing.T, a, b string) { sameJSON(t, a, b) })
}

func sameJSON(t *testing.T, a, b string) {
	t.Helper()
	numbers := []campaign.Number{{Phone: campaign.Phone(a), Label: b}, {Phone: "+1", Extension: b, Zones: []string{a, b}, Places: []string{b}}}
	attributes := []campaign.Attribute{{Name: a, Value: b}, {Name: b}}
	for _, c := range []struct {
		got  []byte
		want any
	}{
		{appendNumbers(nil, numbers), numbers}, {appendAttributes(nil, attributes), attributes}, {appendTexts(nil, []string{a, b}), []string{a, b}},
	} {
		want, err := json.Marshal(c.want)
		if err != nil {
			t.Fatal(err)
		}
		if string(c.got) != string(want) {
			t.Errorf("%q and %q:\n got %s\nwant %s", a, b, c.got, want)
		}
	}
}

// bulkTable makes a table with a column of each type and writes n rows into it.
func (b *bench) bulkTable(t *testing.T, n int, row func(i int, r *bulkRow) error) error {
	t.Helper()
	b.sql(t, `CREATE TABLE IF NOT EXISTS bulk_rows (id BIGINT NOT NULL, note TEXT NOT NULL, built TEXT NOT NULL, flag BOOLEAN NOT NULL)`)
	b.sql(t, `DELETE FROM bulk_rows`)
	return b.bulkWrite(t.Context(), "test", func(x *bulkTx) error {
		return x.insert("bulk_rows", []string{"id", "note", "built", "flag"}, n, row)
	})
}

func oddRow(i int, r *bulkRow) error {
	r.int(int64(i) - 3)
	r.text(strings.ToValidUTF8(odd[i%len(odd)], "?"))
	at := r.begin()
	r.buf = appendTexts(r.buf, odd[:i%len(odd)])
	r.finish(at)
	r.flag(i%3 == 0)
	return nil
}

func TestBulkWritesEveryRowAsItWasGiven(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		for _, n := range []int{0, 1, 61, 62, 63, 499, 500, 501, 562, 3000} { // round the sizes of SQLite's statements
			if err := b.bulkTable(t, n, oddRow); err != nil {
				t.Fatalf("%d rows: %v", n, err)
			}
			i := 0
			err := b.peek(t.Context(), "test", func(x *tx) error {
				rows, err := x.QueryContext(x.ctx, `SELECT id, note, built, flag FROM bulk_rows ORDER BY id`)
				if err != nil {
					return err
				}
				defer rows.Close()
				for ; rows.Next(); i++ {
					var id int64
					var note, built string
					var flag bool
					if err := rows.Scan(&id, &note, &built, &flag); err != nil {
						return err
					}
					if id != int64(i)-3 || note != strings.ToValidUTF8(odd[i%len(odd)], "?") || built != js(list(odd[:i%len(odd)])) || flag != (i%3 == 0) {
						t.Fatalf("row %d of %d: %d %q %s %v", i, n, id, note, built, flag)
					}
				}
				return rows.Err()
			})
			if err != nil || i != n {
				t.Fatalf("%d rows were read of %d: %v", i, n, err)
			}
		}
	})
}

func TestARowThatFailsTakesItsTransactionBack(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		spoiled := errors.New("spoiled")
		for _, at := range []int{0, 1000, 2999} {
			err := b.bulkTable(t, 3000, func(i int, r *bulkRow) error {
				if i == at {
					return spoiled
				}
				return oddRow(i, r)
			})
			if !errors.Is(err, spoiled) {
				t.Errorf("a row that fails at %d answers %v", at, err)
			}
			if n := b.count(t, `SELECT count(*) FROM bulk_rows`); n != 0 {
				t.Errorf("%d rows were kept of those before row %d", n, at)
			}
		}
		if err := b.bulkTable(t, 10, oddRow); err != nil || b.count(t, `SELECT count(*) FROM bulk_rows`) != 10 {
			t.Errorf("the connection is of no more use: %v", err)
		}
	})
}

func TestAnEndedStreamMakesNoMoreRows(t *testing.T) {
	t.Parallel()
	made := 0
	s := newCopySource(1, 1<<20, func(i int, r *bulkRow) error {
		made++
		r.text(fmt.Sprint(i))
		return nil
	})
	if _, err := io.CopyN(io.Discard, s, 100_000); err != nil {
		t.Fatal(err)
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
	before := made
	if n, err := s.Read(make([]byte, 100)); n != 0 || !errors.Is(err, io.ErrClosedPipe) || made != before {
		t.Errorf("after its end it gives %d bytes of %d rows more, %v", n, made-before, err)
	}
	if before > 60_000 {
		t.Errorf("%d rows were made for 100,000 bytes: they are to be made as they are read", before)
	}
}
