package lists

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"redial/cmd/internal/web/page"
	pb "redial/proto/campaign/v1"
)

// piece is a part of a file that the API sends.
type piece interface {
	GetFileName() string
	GetData() []byte
}

// problemFile is what did not become a lead, in the file's own columns.
func (p *lists) problemFile(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	stream, err := p.lists.ExportProblems(r.Context(), &pb.ExportProblemsRequest{ListId: id})
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	saveFile(p, w, r, "text/csv; charset=utf-8", stream.Recv)
}

// badDataFile is the numbers of a list that calls found to be bad.
func (p *lists) badDataFile(w http.ResponseWriter, r *http.Request) {
	id, err := idOf(r)
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	format, media := pb.ExportFormat_EXPORT_FORMAT_CSV, "text/csv; charset=utf-8"
	if r.URL.Query().Get("as") == "xlsx" {
		format, media = pb.ExportFormat_EXPORT_FORMAT_XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	stream, err := p.reports.ExportBadData(r.Context(), &pb.ExportBadDataRequest{ListId: id, Format: format})
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	saveFile(p, w, r, media, stream.Recv)
}

// saveFile hands a file on to the browser, piece by piece. One that breaks off is cut, so that nobody takes it for whole.
func saveFile[P piece](p *lists, w http.ResponseWriter, r *http.Request, media string, recv func() (P, error)) {
	first, err := recv()
	if err != nil {
		p.views.Fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": first.GetFileName()}))
	out := http.NewResponseController(w)
	for m := first; ; {
		_ = out.SetWriteDeadline(time.Now().Add(page.AnswerTime)) // a test's recorder has none
		if _, err := w.Write(m.GetData()); err != nil {
			return
		}
		if m, err = recv(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}
