package bench

import (
	"reflect"
	"testing"
)

func TestParametersAreReadFromTheTextWithTheirValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, expanded string
		want           []any
	}{
		{"SELECT 1", "SELECT 1", nil},
		{"UPDATE a SET x = $2 WHERE id = $1 OR y = $2", "UPDATE a SET x = 'it''s' WHERE id = 7 OR y = 'it''s'", []any{int64(7), "it's"}},
		{"VALUES ($1,$2,$3,$4,'$5')", "VALUES (NULL,-2.5,x'00ff',-3,'$5')", []any{nil, -2.5, []byte{0, 255}, int64(-3), "", ""}[:4]},
		{"x >= $1", "x >= ''", []any{""}},
	} {
		got, ok := parameters(c.text, c.expanded)
		if !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %#v, %v; want %#v", c.text, got, ok, c.want)
		}
	}
	for _, c := range [][2]string{{"a = $1", "b = 1"}, {"a = $1", "a = 'open"}, {"a = $1", "a = 1 AND"}, {"a = $x", "a = 1"}, {"a = 'x", "a = 'x"}} {
		if got, ok := parameters(c[0], c[1]); ok {
			t.Errorf("%q and %q: %v was believed", c[0], c[1], got)
		}
	}
}
