package page

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// said is a text that a source says to people, as the key of a catalogue.
type said struct{ key, at string }

var (
	sentence  = regexp.MustCompile(`[a-z]{2,}[,;:)]? +[^ ]|[^ ] \(?[a-z]{2,}`) // words, not one word or a word of a protocol
	simple    = regexp.MustCompile(`%[dsvq]\b`)                                // in a format that goes to a function of the file's own
	predicate = regexp.MustCompile(`^(is|has|does) `)
	verb      = regexp.MustCompile(`%(\[\d+\])?[-+# 0]*[\d*]*(\.[\d*]+)?[a-zA-Z%]`)
	sql       = regexp.MustCompile(`\b(SELECT|INSERT|UPDATE|DELETE|WHERE|FROM|JOIN|VALUES|SET|ORDER BY|AND|EXISTS|PRAGMA|IN|LIKE|DESC|LIMIT|CASE|CAST)\b|[<>=]+ ?[$?]`)
)

// unsaid are calls whose texts people at a page never read: logs, errors that stay inside or are hidden as internal, and
// what takes patterns or words apart.
var unsaid = regexp.MustCompile(`^(fmt\.(Errorf|Fprint\w*|Sscanf)|errors\.New|http\.Error|panic|regexp\.MustCompile|strings\.(FieldsSeq|Fields|Cut|CutPrefix|TrimPrefix|TrimSuffix|HasPrefix|HasSuffix|Contains|ReplaceAll|Split)|` +
	`.*\.(Debug|Info|Warn|Error|Log)(Context)?|.*\.(exec|query|row|rows|QueryContext|ExecContext|try)|flag\..*)$`)

// says are the calls and the fields that take a text for people, where most texts of a folder are for others.
var says = regexp.MustCompile(`^((campaign\.)?(Invalid|Unready|Conflict|Denied|NotFound)|status\.(New|Errorf?)|\w*\.?add|refuse|tooMany|busy|stranger|unentitled|notCallable|Message|Suggestion)$`)

// teller walks over a file and gathers its texts.
type teller struct {
	files *token.FileSet
	file  *ast.File
	path  string
	texts []said
}

// walk goes over a part of the file; hear says that every sentence in it is for people.
func (w *teller) walk(n ast.Node, hear bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if slices.Contains(tellers, path.Base(w.path)+" "+n.Name.Name) && !hear {
				w.walk(n.Body, true)
				return false
			}
		case *ast.ImportSpec, *ast.Field:
			return false
		case *ast.CallExpr:
			name := called(n)
			if says.MatchString(name) && !hear {
				w.walk(n, true)
				return false
			}
			if unsaid.MatchString(name) && !says.MatchString(name) {
				return false
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && says.MatchString(key.Name) && !hear {
				w.walk(n.Value, true)
				return false
			}
		}
		e, before := asText(n)
		if e == nil || !hear {
			return true
		}
		text, parts, ok := flat(e)
		text = before + text
		if !ok {
			return true
		}
		if strings.HasPrefix(w.path, "campaign/phone/") && predicate.MatchString(text) {
			text = "\x00 " + text // a fault begins with what is at fault
		}
		if sentence.MatchString(text) && !sql.MatchString(text) {
			w.texts = append(w.texts, said{numbered(text), fmt.Sprintf("%s:%d %s", w.path, w.files.Position(e.Pos()).Line, w.within(e.Pos()))})
		}
		for _, p := range parts {
			w.walk(p, hear)
		}
		return false
	})
}

// within is the function around a place; empty: none is.
func (w *teller) within(at token.Pos) string {
	for _, d := range w.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Pos() <= at && at < f.End() {
			return f.Name.Name
		}
	}
	return ""
}

// asText is an expression, or what is added to a text that stood before it.
func asText(n ast.Node) (e ast.Expr, before string) {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok == token.ADD_ASSIGN {
			return n.Rhs[0], "\x00"
		}
	case ast.Expr:
		return n, ""
	}
	return nil, ""
}

func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
		return "." + f.Sel.Name
	}
	return ""
}

// flat is an expression as a text with \x00 for each of its parts; false: it is no text that is written here.
func flat(e ast.Expr) (text string, parts []ast.Expr, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return simple.ReplaceAllString(s, "\x00"), nil, e.Kind == token.STRING && err == nil
	case *ast.ParenExpr:
		return flat(e.X)
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", nil, false
		}
		for _, side := range []ast.Expr{e.X, e.Y} {
			s, more, is := flat(side)
			if !is {
				s, more = "\x00", []ast.Expr{side}
			}
			text, parts, ok = text+s, append(parts, more...), ok || is
		}
		return text, parts, ok
	case *ast.CallExpr:
		name := called(e)
		if name == "NotFound" || name == "campaign.NotFound" {
			s, _, is := flat(e.Args[0])
			return "no " + s + " \x00", nil, is
		}
		if name == "fmt.Sprintf" || name == "status.Errorf" {
			args := e.Args
			if name == "status.Errorf" {
				args = args[1:]
			}
			lit, is := args[0].(*ast.BasicLit)
			if !is {
				return "", nil, false
			}
			s, err := strconv.Unquote(lit.Value)
			s = verb.ReplaceAllStringFunc(s, func(v string) string {
				if v == "%%" {
					return "%"
				}
				return "\x00"
			})
			return s, args[1:], err == nil
		}
	}
	return "", nil, false
}

// numbered is a text with its parts as {1}, {2}.
func numbered(text string) string {
	n := 0
	return regexp.MustCompile("\x00").ReplaceAllStringFunc(text, func(string) string {
		n++
		return fmt.Sprintf("{%d}", n)
	})
}

// textsIn are the texts in a folder or file. Literals gathers every literal there.
func textsIn(t *testing.T, dir string, every bool, literals map[string]bool) []said {
	t.Helper()
	pattern := dir + "/*.go"
	if strings.HasSuffix(dir, ".go") {
		pattern, dir = dir, path.Dir(dir)
	}
	paths, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil || len(paths) == 0 {
		t.Fatal("no sources in", dir, err)
	}
	var all []said
	for _, p := range paths {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		w := &teller{files: token.NewFileSet(), path: dir + "/" + filepath.Base(p)}
		file, err := parser.ParseFile(w.files, p, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		w.file = file
		w.walk(file, every)
		all = append(all, w.texts...)
		ast.Inspect(file, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				s, _ := strconv.Unquote(l.Value) // it was parsed
				literals[s] = true
			}
			return true
		})
	}
	return all
}
