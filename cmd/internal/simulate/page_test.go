package simulate

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
)

func TestThePageStandsAlone(t *testing.T) {
	t.Parallel()
	s := scenario(t, `"days":120`, `"campaigns":[{"name":"<b>&\"x"}]`, `"lists":[{"name":"<script>","synthetic":{"count":300}}]`)
	r, err := Run(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := WritePage(&page, r); err != nil {
		t.Fatal(err)
	}
	if page.Len() > 100_000 {
		t.Errorf("the page has %d bytes, want less than 100 kB", page.Len())
	}
	text := page.String()
	for _, no := range []string{"<script", "http:", "https:", "<link", "@import", "src=", "<b>&"} {
		if strings.Contains(text, no) {
			t.Errorf("the page has %q in it", no)
		}
	}
	charts := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(text, -1)
	if len(charts) != 4 {
		t.Errorf("%d charts, want 4", len(charts))
	}
	for _, svg := range charts {
		dec := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("a chart is not well formed: %v\n%s", err, svg)
			}
		}
	}
	for _, want := range []string{"prefers-color-scheme:dark", `<html lang="en">`, "&lt;script&gt;"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestAnAxisIsRound(t *testing.T) {
	t.Parallel()
	for most, want := range map[float64][2]float64{0: {1, 1}, 1: {1, 0.2}, 37: {40, 10}, 8217: {10000, 2000}, 100: {100, 20}, 1e6: {1e6, 2e5}} {
		top, step := axis(most)
		if top != want[0] || step != want[1] {
			t.Errorf("to %v: up to %v by %v, want %v by %v", most, top, step, want[0], want[1])
		}
	}
}

func TestNumbersForPeople(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", 0.25: "0.25", 47.3: "47.3", 1234.5: "1,235"} {
		if got := grouped(v); got != want {
			t.Errorf("%v is %s, want %s", v, got, want)
		}
	}
}
