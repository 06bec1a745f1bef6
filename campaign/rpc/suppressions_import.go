package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"

	"redial/campaign"
	"redial/campaign/wire"
	pb "redial/proto/campaign/v1"
)

// NumberFiles reads files of numbers, CSV or XLSX, of whatever source: without bounds on memory or time it reads none.
type NumberFiles interface {
	// Numbers yields every row of a file of size bytes; column is the heading of its numbers, empty: guessed. An error that
	// is yielded ends the sequence. Errors: KindInvalid when it is no list or has no such column.
	Numbers(r io.ReaderAt, size int64, name, column, region string) (iter.Seq2[campaign.NumberRow, error], error)
}

const (
	importBatch    = 1000    // numbers of one transaction
	importProblems = 200     // problems of one answer at most
	importPiece    = 1 << 20 // bytes of one piece at most
	importName     = 255     // characters of a file's name at most
	importValue    = 200     // characters of a row that are told
)

// numberImport is one file on its way into the record.
type numberImport struct {
	*SuppressionServer
	stream grpc.BidiStreamingServer[pb.ImportSuppressionsRequest, pb.ImportSuppressionsResponse]
	begin  *pb.SuppressionFile
	what   campaign.Suppression
	told   pb.ImportSuppressionsResponse // counts so far, problems since the last answer
	bad    int64
	batch  []campaign.Phone
	woken  map[campaign.CampaignID]bool
}

// ImportSuppressions takes in a file of numbers.
func (s *SuppressionServer) ImportSuppressions(stream grpc.BidiStreamingServer[pb.ImportSuppressionsRequest, pb.ImportSuppressionsResponse]) error {
	im := &numberImport{SuppressionServer: s, stream: stream, woken: make(map[campaign.CampaignID]bool)}
	if err := im.open(); err != nil {
		return err
	}
	file, size, err := im.receive()
	if err != nil {
		return err
	}
	defer file.Close()
	rows, err := s.files.Numbers(file, size, im.begin.GetName(), im.begin.GetColumn(), im.begin.GetRegion())
	if err != nil {
		return err
	}
	err = im.run(rows)
	return errors.Join(err, im.note(err == nil))
}

// open reads what the file is.
func (im *numberImport) open() error {
	ctx := im.stream.Context()
	m, err := im.stream.Recv()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if im.begin = m.GetBegin(); im.begin == nil {
		return campaign.Invalid("begin", "is missing: the first message says what the file is")
	}
	b := im.begin
	name := strings.TrimSpace(b.GetName())
	if n := utf8.RuneCountInString(name); n == 0 || n > importName {
		return campaign.Invalid("begin.name", fmt.Sprintf("has %d characters: give the file's name, 1 to %d", n, importName))
	}
	if r := b.GetRegion(); r != "" && !campaign.KnownRegion(r) {
		return campaign.Invalid("begin.region", fmt.Sprintf("%q is no country: give its two letters (ISO 3166-1), such as CN, US or GB", r))
	}
	if im.what, err = im.scope(ctx, b); err != nil {
		return err
	}
	if caller := campaign.CallerFrom(ctx); im.what.Scope != campaign.ScopeCampaign && caller.Restricted() {
		return campaign.Denied("you see some campaigns only: import for one of them, with scope CAMPAIGN")
	}
	if im.what.ExpiresAt, err = wire.FromTime("begin.expires_at", b.GetExpiresAt()); err != nil {
		return err
	}
	im.what.Reason, im.what.Source = b.GetReason(), b.GetSource()
	if im.what.Source == "" {
		im.what.Source = clipped(name, 100)
	}
	return im.what.Validate(im.now())
}

// receive takes the pieces into a file that nobody else sees and that is gone when it is closed.
func (im *numberImport) receive() (_ *os.File, size int64, err error) {
	f, err := os.CreateTemp("", "suppressions-*")
	if err != nil {
		return nil, 0, fmt.Errorf("keep the file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // nothing of it is needed
		}
	}()
	if err := os.Remove(f.Name()); err != nil {
		return nil, 0, fmt.Errorf("keep the file: %w", err)
	}
	for {
		m, err := im.stream.Recv()
		if errors.Is(err, io.EOF) {
			return f, size, nil
		}
		if err != nil {
			return nil, 0, err
		}
		if m.GetBegin() != nil {
			return nil, 0, campaign.Invalid("begin", "was given before: after the first message there are pieces alone")
		}
		piece := m.GetPiece()
		if len(piece) > importPiece {
			return nil, 0, campaign.Invalid("piece", fmt.Sprintf("has %d bytes: at most %d each", len(piece), importPiece))
		}
		if size += int64(len(piece)); im.largest > 0 && size > im.largest {
			return nil, 0, &campaign.Error{Kind: campaign.KindExhausted, Message: fmt.Sprintf("the file is larger than %d bytes, the most that "+
				"this server takes (--max-upload): split it, or ask an operator for more", im.largest)}
		}
		if _, err := f.Write(piece); err != nil {
			return nil, 0, fmt.Errorf("keep the file: %w", err)
		}
	}
}

// run suppresses the rows by batches and tells of each.
func (im *numberImport) run(rows iter.Seq2[campaign.NumberRow, error]) error {
	for row, err := range rows {
		if err != nil {
			return err
		}
		im.told.Rows++
		for _, f := range row.Faults {
			im.bad++
			im.told.Problems = append(im.told.Problems, &pb.SuppressionProblem{Line: int64(row.Line), Value: clipped(f.Value, importValue),
				Message: strings.TrimSuffix(f.Message+"; "+f.Suggestion, "; ")})
		}
		im.batch = append(im.batch, row.Phones...)
		if len(im.batch) >= importBatch || len(im.told.Problems) >= importProblems {
			if err := im.commit(false); err != nil {
				return err
			}
		}
	}
	return im.commit(true)
}

// commit suppresses what was gathered and says how far it is.
func (im *numberImport) commit(done bool) error {
	ctx := im.stream.Context()
	got, err := im.suppressions.ImportSuppressions(ctx, im.what, im.batch)
	if err != nil {
		return err
	}
	im.batch = im.batch[:0]
	im.floor.Revoked(got.Revoked)
	for _, id := range got.Campaigns {
		if !im.woken[id] {
			im.woken[id] = true
			defer im.floor.Wake(id)
		}
	}
	im.told.Suppressed += got.Numbers
	im.told.Known += got.Known
	im.told.Revoked += int64(len(got.Revoked))
	a := &pb.ImportSuppressionsResponse{Rows: im.told.GetRows(), Suppressed: im.told.GetSuppressed(), Known: im.told.GetKnown(),
		Revoked: im.told.GetRevoked(), Done: done}
	for all := im.told.GetProblems(); ; all = all[len(a.GetProblems()):] {
		a.Problems = all[:min(len(all), importProblems)]
		a.Done = done && len(a.GetProblems()) == len(all)
		if err := paced(ctx, func() error { return im.stream.Send(a) }); err != nil {
			return err
		}
		if len(a.GetProblems()) == len(all) {
			im.told.Problems = nil
			return nil
		}
		a = &pb.ImportSuppressionsResponse{Rows: a.GetRows(), Suppressed: a.GetSuppressed(), Known: a.GetKnown(), Revoked: a.GetRevoked()}
	}
}

// note puts the import into the audit log, one that was cut, too, if it suppressed anything.
func (im *numberImport) note(whole bool) error {
	if !whole && im.told.GetSuppressed() == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(im.stream.Context()), auditTime)
	defer cancel()
	target := ""
	if im.what.Campaign != 0 {
		target = fmt.Sprintf("campaign %d", im.what.Campaign)
	}
	after := map[string]any{"source": im.what.Source, "scope": im.what.Scope, "country": im.what.Country, "rows": im.told.GetRows(),
		"numbers": im.told.GetSuppressed(), "known": im.told.GetKnown(), "revoked": im.told.GetRevoked(), "problems": im.bad, "whole": whole}
	if !im.what.ExpiresAt.IsZero() {
		after["expires_at"] = im.what.ExpiresAt.Format(time.RFC3339)
	}
	return im.suppressions.LogDeed(ctx, "import_suppressions", target, after, im.what.Reason)
}

// clipped is the first of a text, in characters.
func clipped(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i]
		}
	}
	return s
}
