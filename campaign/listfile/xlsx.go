package listfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"redial/campaign"
)

// The limits of a workbook: beyond them it is refused, as it would cost more than any list is worth.
const (
	maxUnpacked = 8 << 30  // bytes of one sheet
	maxRatio    = 400      // times its packed size, once it is large
	largeSheet  = 64 << 20 // bytes from which the ratio counts
	maxPart     = 32 << 20 // bytes of the workbook's small parts: styles, relations
	maxSheetRow = 1 << 21  // twice Excel's
)

// sheet is one sheet of a workbook.
type sheet struct {
	name   string
	file   *zip.File
	hidden bool
}

// workbook is an open XLSX file. Sheets are read as streams; only the shared texts are kept, on disk if they are many.
type workbook struct {
	size    int64
	read    atomic.Int64 // bytes of the file read since the rows were opened
	parts   map[string]*zip.File
	sheets  []sheet
	date4   bool // days count from 1904
	formats []numberFormat
	shared  *sharedTexts
}

func openXLSX(r io.ReaderAt, size int64, opt campaign.ImportOptions) (*File, error) {
	w := &workbook{size: size}
	z, err := zip.NewReader(&countReaderAt{r: r, n: &w.read}, size)
	if err != nil {
		return nil, refuse("the file is damaged or not complete: " + err.Error())
	}
	if err := w.load(z); err != nil {
		return nil, errors.Join(err, w.close())
	}
	f, err := w.file(opt)
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return f, nil
}

type countReaderAt struct {
	r io.ReaderAt
	n *atomic.Int64
}

func (c *countReaderAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n.Add(int64(n))
	return n, err
}

func (w *workbook) close() error {
	if w.shared == nil {
		return nil
	}
	return w.shared.close()
}

// load reads what is common to all sheets.
func (w *workbook) load(z *zip.Reader) error {
	w.parts = make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		w.parts[strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/")] = f
	}
	if w.parts["xl/workbook.xml"] == nil {
		return w.noWorkbook()
	}
	if err := w.readSheets(); err != nil {
		return err
	}
	if err := w.readStyles(); err != nil {
		return err
	}
	shared := w.parts["xl/sharedStrings.xml"]
	if shared == nil {
		shared = w.parts["xl/SharedStrings.xml"]
	}
	w.shared = &sharedTexts{}
	if shared == nil {
		return nil
	}
	rc, err := w.open(shared)
	if err != nil {
		return err
	}
	defer rc.Close()
	return w.shared.load(rc)
}

func (w *workbook) noWorkbook() error {
	switch {
	case w.parts["xl/workbook.bin"] != nil:
		return refuse("this is a binary workbook (.xlsb): save it as .xlsx or CSV")
	case w.parts["word/document.xml"] != nil:
		return refuse("this is a Word document: put its table into a spreadsheet and save that as XLSX or CSV")
	case w.parts["content.xml"] != nil:
		return refuse("this is an OpenDocument file: save it as .xlsx or CSV")
	case w.parts["ppt/presentation.xml"] != nil:
		return refuse("this is a presentation, no list")
	}
	return refuse("this is a ZIP archive, no list: unpack it first")
}

// open unpacks one part, within the limits.
func (w *workbook) open(f *zip.File) (io.ReadCloser, error) {
	if f.UncompressedSize64 > maxUnpacked || f.UncompressedSize64 > largeSheet && f.UncompressedSize64 > maxRatio*max(f.CompressedSize64, 1) {
		return nil, refuse(fmt.Sprintf("%s would unpack to %d MB from %d kB: no spreadsheet does", f.Name, f.UncompressedSize64>>20, f.CompressedSize64>>10))
	}
	rc, err := f.Open()
	if err != nil {
		return nil, refuse("the file is damaged: " + f.Name + ": " + err.Error())
	}
	return rc, nil
}

// small opens a part that is never large.
func (w *workbook) small(name string) (*xmlReader, io.Closer, error) {
	f := w.parts[name]
	if f == nil {
		return nil, nil, nil
	}
	if f.UncompressedSize64 > maxPart {
		return nil, nil, refuse(fmt.Sprintf("%s is %d MB large: no spreadsheet's is", name, f.UncompressedSize64>>20))
	}
	rc, err := w.open(f)
	if err != nil {
		return nil, nil, err
	}
	return newXML(rc), rc, nil
}

// readSheets finds the sheets in their order, and where days begin to count.
func (w *workbook) readSheets() error {
	targets := map[string]string{}
	err := w.each("xl/_rels/workbook.xml.rels", func(x *xmlReader) error {
		if x.name == "Relationship" {
			to := x.attr("Target")
			if !strings.HasPrefix(to, "/") {
				to = path.Join("xl", to)
			}
			targets[x.attr("Id")] = strings.TrimPrefix(to, "/")
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.each("xl/workbook.xml", func(x *xmlReader) error {
		switch x.name {
		case "workbookPr":
			w.date4 = x.attr("date1904") == "1" || x.attr("date1904") == "true"
		case "sheet":
			id := x.attr("r:id")
			if id == "" {
				id = x.attr("id")
			}
			if f := w.parts[targets[id]]; f != nil {
				w.sheets = append(w.sheets, sheet{name: x.attr("name"), file: f, hidden: strings.HasSuffix(strings.ToLower(x.attr("state")), "hidden")})
			}
		}
		return nil
	})
}

// each calls do for every opening tag of a small part; a part that is missing has none.
func (w *workbook) each(name string, do func(*xmlReader) error) error {
	x, rc, err := w.small(name)
	if err != nil || x == nil {
		return err
	}
	defer rc.Close()
	for {
		switch err := x.next(); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return refuse("the file is damaged: " + name + ": " + err.Error())
		}
		if x.kind == tagOpen {
			if err := do(x); err != nil {
				return err
			}
		}
	}
}

// file picks the sheet and makes out its heading.
func (w *workbook) file(opt campaign.ImportOptions) (*File, error) {
	candidates, err := w.pick(opt.Sheet)
	if err != nil {
		return nil, err
	}
	for _, s := range candidates {
		rows, err := w.first(s)
		if err != nil {
			return nil, err
		}
		f := &File{open: func() (source, error) { return w.rows(s) }, close: w.close}
		f.Guess = campaign.FileGuess{Format: "xlsx", Encoding: "utf-8", Sheet: s.name, Sheets: w.names()}
		if err := f.settle(rows, opt); err != nil {
			return nil, err
		}
		if len(f.Guess.Headings) > 0 {
			return f, nil
		}
	}
	return nil, refuse("no sheet of the workbook holds rows")
}

// names are those of the sheets, in their order.
func (w *workbook) names() []string {
	out := make([]string, len(w.sheets))
	for i, s := range w.sheets {
		out[i] = s.name
	}
	return out
}

// pick is the sheet asked for by name or number; else the visible ones, then the hidden ones.
func (w *workbook) pick(asked string) ([]sheet, error) {
	if asked == "" {
		all := slices.Clone(w.sheets)
		slices.SortStableFunc(all, func(a, b sheet) int {
			switch {
			case a.hidden == b.hidden:
				return 0
			case b.hidden:
				return -1
			}
			return 1
		})
		return all, nil
	}
	names := make([]string, len(w.sheets))
	for i, s := range w.sheets {
		names[i] = strconv.Quote(s.name)
		if strings.EqualFold(s.name, strings.TrimSpace(asked)) {
			return []sheet{s}, nil
		}
	}
	if n, err := strconv.Atoi(asked); err == nil && n >= 1 && n <= len(w.sheets) {
		return w.sheets[n-1 : n], nil
	}
	return nil, campaign.Invalid("sheet", fmt.Sprintf("no sheet %q: the sheets are %s", asked, strings.Join(names, ", ")))
}

func (w *workbook) first(s sheet) ([]campaign.Row, error) {
	src, err := w.rows(s)
	if err != nil {
		return nil, err
	}
	defer src.close()
	var rows []campaign.Row
	for len(rows) < sampleRows {
		row, err := src.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		if !blank(row.Cells) {
			rows = append(rows, row)
		}
	}
	return rows, nil
}
