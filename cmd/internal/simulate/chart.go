package simulate

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// series is one kind of bar in a chart.
type series struct {
	name   string
	class  string // of the style sheet: a, b, c
	values []float64
}

// Measures of a chart in its own units; it grows with the page.
const (
	wholeRow, halfRow              = 1040.0, 500.0 // widths
	chartHigh, chartTop, chartFoot = 230.0, 12.0, 26.0
	chartLeft                      = 52.0
)

// bars is a chart of grouped bars as SVG. A bar tells its value when it is pointed at.
func bars(across float64, title string, labels []string, all ...series) template.HTML {
	most := 0.0
	for _, s := range all {
		for _, v := range s.values {
			most = max(most, v)
		}
	}
	top, step := axis(most)
	high, wide := chartHigh-chartTop-chartFoot, across-chartLeft-4
	y := func(v float64) float64 { return chartTop + high*(1-v/top) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, across, chartHigh, template.HTMLEscapeString(title))
	for v := 0.0; v <= top+step/2; v += step {
		fmt.Fprintf(&b, `<path class="grid" d="M%g %.1fH%g"/><text class="y" x="%g" y="%.1f">%s</text>`,
			chartLeft, y(v), across-4, chartLeft-6, y(v)+4, short(v))
	}
	slot := wide / float64(max(len(labels), 1))
	bar := slot * 0.8 / float64(max(len(all), 1))
	every := int(math.Ceil(float64(len(labels)) * 44 / wide))
	for i, label := range labels {
		x := chartLeft + slot*float64(i)
		for k, s := range all {
			if v := s.values[i]; v > 0 {
				fmt.Fprintf(&b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s: %s %s</title></rect>`,
					s.class, x+slot*0.1+bar*float64(k), y(v), max(bar-1, 0.5), chartHigh-chartFoot-y(v),
					template.HTMLEscapeString(label), grouped(v), template.HTMLEscapeString(s.name))
			}
		}
		if i%max(every, 1) == 0 {
			fmt.Fprintf(&b, `<text class="x" x="%.1f" y="%g">%s</text>`, x+slot/2, chartHigh-9, template.HTMLEscapeString(label))
		}
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // every text in it was escaped above
}

// axis is a round top of a scale from 0, and its step.
func axis(most float64) (top, step float64) {
	if most <= 0 {
		return 1, 1
	}
	step = math.Pow(10, math.Floor(math.Log10(most)))
	for _, f := range []float64{0.2, 0.25, 0.5, 1, 2} {
		if s := step * f; most/s <= 5 {
			step = s
			break
		}
	}
	return step * math.Ceil(most/step), step
}

// short is a number for an axis.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return trimmed(v/1e6) + "M"
	case v >= 1e4:
		return trimmed(v/1e3) + "k"
	default:
		return trimmed(v)
	}
}

func trimmed(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

// grouped is a number for people: 12,345 or 0.25.
func grouped(v float64) string {
	if v != math.Trunc(v) {
		if v >= 100 {
			return grouped(math.Round(v))
		}
		return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
