package page

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"time"

	"redial/campaign"
)

//go:embed templates static lang
var shared embed.FS

// Shared are the files that every family's pages use, under static.
func Shared() fs.FS { return shared }

// Views are a family's templates, once for each language. Safe for concurrent use.
type Views struct {
	langs   map[string]Lang
	phrases *Phrases
	pages   map[string]*template.Template
	log     *slog.Logger
}

// Read makes views of a family's templates/*.html with the texts of its lang/{en,zh}.json, on top of the frame and the
// shared texts. Its templates may use t (text of a key), why (text of a reason), said (a text of the API in the page's language), lang, the
// functions of times below, and funcs.
func Read(own fs.FS, log *slog.Logger, funcs template.FuncMap) (*Views, error) {
	langs, err := ReadLangs(shared, own)
	if err != nil {
		return nil, err
	}
	phrases, err := readPhrases()
	if err != nil {
		return nil, err
	}
	v := &Views{langs: langs, phrases: phrases, pages: map[string]*template.Template{}, log: log}
	if v.log == nil {
		v.log = slog.New(slog.DiscardHandler)
	}
	for name, l := range langs {
		all := template.FuncMap{
			"t": l.Text, "why": l.Why, "said": v.drawn(name), "lang": func() string { return name },
			"clock": Clock, "minute": Minute, "when": When, "ago": Ago, "span": Span,
		}
		maps.Copy(all, funcs)
		t, err := template.New("").Funcs(all).ParseFS(shared, "templates/*.html")
		if err == nil {
			t, err = t.ParseFS(own, "templates/*.html")
		}
		if err != nil {
			return nil, fmt.Errorf("read the pages: %w", err)
		}
		v.pages[name] = t
	}
	return v, nil
}

// Sheet is a page: what its frame says, and its own data. A page's template begins with {{template "top" .}}, ends with
// {{template "bottom" .}}, and finds its own under .Data.
type Sheet struct {
	Title  string // key of the text
	Style  string // path of a style sheet of its own; empty: none
	Module string // path of an ES module of its own; empty: none
	Narrow bool   // a small form, without navigation
	Data   any
}

// Frame is what the template of a page is drawn with.
type Frame struct {
	Sheet
	Path   string // of the request
	Caller campaign.Caller
	Signed bool // somebody is signed in
	Nav    []Place
	Demo   bool // everybody here is invented
	Acting bool // it acts for somebody else, in a demonstration
}

// Page answers with a whole page; a page that cannot be drawn is an error page, never half a page.
func (v *Views) Page(w http.ResponseWriter, r *http.Request, code int, name string, s Sheet) {
	f := Frame{Sheet: s, Path: r.URL.Path}
	if g, ok := guestOf(r.Context()); ok {
		f.Caller, f.Signed, f.Demo, f.Acting, f.Nav = campaign.CallerFrom(r.Context()), true, g.Demo, g.Acting, navOf(campaign.CallerFrom(r.Context()).Role, r.URL.Path, g.Demo)
	}
	v.answer(w, r, code, name, f)
}

// Part answers with a part of a page, drawn with data alone.
func (v *Views) Part(w http.ResponseWriter, r *http.Request, code int, name string, data any) {
	v.answer(w, r, code, name, data)
}

// Draw is a part of a page, drawn in the language of r.
func (v *Views) Draw(r *http.Request, name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := v.pages[LangOf(r)].ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("draw %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// Lang are the texts for r.
func (v *Views) Lang(r *http.Request) Lang { return v.langs[LangOf(r)] }

func (v *Views) answer(w http.ResponseWriter, r *http.Request, code int, name string, data any) {
	b, err := v.Draw(r, name, data)
	if err != nil {
		v.log.ErrorContext(r.Context(), "a page cannot be drawn", "page", name, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Vary", "Accept-Language, Cookie, Accept")
	w.WriteHeader(code)
	_, _ = w.Write(b) // a reader who went away needs no answer
}

// Clock is the time of day in a zone, with seconds; in UTC if the zone is unknown.
func Clock(t time.Time, zone string) string { return In(t, zone).Format("15:04:05") }

// Minute is the time of day in a zone, without seconds.
func Minute(t time.Time, zone string) string { return In(t, zone).Format("15:04") }

// When is a day and time in a zone, the day left out when it is that of now; empty for no time.
func When(t, now time.Time, zone string) string {
	if t.IsZero() {
		return ""
	}
	local, today := In(t, zone), In(now, zone)
	if campaign.DateOf(local) == campaign.DateOf(today) {
		return local.Format("15:04:05")
	}
	return local.Format("2006-01-02 15:04")
}

// In is t on the clocks of a zone; of UTC if the zone is unknown.
func In(t time.Time, zone string) time.Time {
	loc, err := campaign.Location(cmp.Or(zone, "UTC"))
	if err != nil {
		loc = time.UTC
	}
	return t.In(loc)
}

// Ago is how long t is before now, as 4:05 or 1:04:05.
func Ago(t, now time.Time) string { return Span(now.Sub(t)) }

// Span is a time that passes, as 4:05 or 1:04:05; one below zero is 0:00.
func Span(d time.Duration) string {
	d = max(0, d) / time.Second
	if d >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", d/3600, d/60%60, d%60)
	}
	return fmt.Sprintf("%d:%02d", d/60, d%60)
}
