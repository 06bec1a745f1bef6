package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
)

func bindSuppressions(fs *flag.FlagSet) action {
	scope := bindScope(fs)
	source := fs.String("source", "", "only from this list or register, `NAME`")
	return func(ctx context.Context, c *cli, _ []string) error {
		r, err := c.connect()
		if err != nil {
			return err
		}
		q := &pb.ListSuppressionsRequest{Source: *source, PageSize: 500}
		if q.Scope, q.CampaignId, q.Country, err = scope.read(ctx, c); err != nil {
			return err
		}
		all, err := pages(func(token string) ([]*pb.Suppression, string, error) {
			q.PageToken = token
			a, err := r.suppressions.ListSuppressions(ctx, q)
			return a.GetSuppressions(), a.GetNextPageToken(), err
		})
		if err != nil {
			return err
		}
		var rows [][]string
		for _, s := range all {
			if c.json {
				if err := c.emit(suppression(s)); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{s.GetPhone(), where(s), s.GetReason(), s.GetSource(), when(s.GetCreatedAt(), ""), when(s.GetExpiresAt(), "")})
		}
		if !c.json {
			c.table([]string{"number", "where", "reason", "by", "since", "until"}, rows)
		}
		return nil
	}
}

// suppressPiece is how much of a file goes in one message, in bytes.
const suppressPiece = 512 << 10

func bindSuppressImport(fs *flag.FlagSet) action {
	scope, f := bindScope(fs), &pb.SuppressionFile{}
	fs.StringVar(&f.Region, "region", "", "country of numbers written nationally, such as `CN`")
	fs.StringVar(&f.Column, "column", "", "the `COLUMN` of numbers, by its heading; else guessed")
	fs.StringVar(&f.Reason, "reason", "", "a `WORD` for the record, such as register; do_not_call unless given")
	fs.StringVar(&f.Source, "source", "", "which list or register it is, a `NAME`; the file's unless given")
	var until instantFlag
	fs.Var(&until, "expires", "only until this `INSTANT`")
	return func(ctx context.Context, c *cli, args []string) (err error) {
		if _, err := c.connect(); err != nil {
			return err
		}
		if f.Scope, f.CampaignId, f.Country, err = scope.read(ctx, c); err != nil {
			return err
		}
		if !until.at.IsZero() {
			f.ExpiresAt = timestamppb.New(until.at)
		}
		f.Name = filepath.Base(args[0])
		return c.suppressFile(ctx, f, args[0])
	}
}

// suppressFile sends the file and tells how far the server is.
func (c *cli) suppressFile(ctx context.Context, begin *pb.SuppressionFile, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := pb.NewSuppressionServiceClient(c.conn).ImportSuppressions(ctx)
	if err != nil {
		return err
	}
	err = stream.Send(&pb.ImportSuppressionsRequest{Part: &pb.ImportSuppressionsRequest_Begin{Begin: begin}})
	piece := make([]byte, suppressPiece)
	for err == nil {
		n, read := file.Read(piece)
		if read != nil && !errors.Is(read, io.EOF) {
			return read
		}
		if n == 0 {
			break
		}
		err = stream.Send(&pb.ImportSuppressionsRequest{Part: &pb.ImportSuppressionsRequest_Piece{Piece: piece[:n]}})
	}
	if err != nil && !errors.Is(err, io.EOF) { // the end of the stream tells why
		return err
	}
	_ = stream.CloseSend() // what went wrong is told by the answers
	bad := 0
	for {
		a, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return errors.New("the server ended the import before it was done: give the file again")
		}
		if err != nil {
			return err
		}
		bad += len(a.GetProblems())
		if err := c.tellProblems(a.GetProblems()); err != nil {
			return err
		}
		if a.GetDone() {
			return c.suppressedFile(a, bad)
		}
		c.note("%d rows, %d numbers in force", a.GetRows(), a.GetSuppressed())
	}
}

func (c *cli) tellProblems(all []*pb.SuppressionProblem) error {
	for _, p := range all {
		if c.json {
			if err := c.emit(object{{"line", p.GetLine()}, {"value", p.GetValue()}, {"message", p.GetMessage()}}); err != nil {
				return err
			}
			continue
		}
		c.say("line %d: %q: %s", p.GetLine(), p.GetValue(), p.GetMessage())
	}
	return nil
}

// suppressedFile tells what came of it.
func (c *cli) suppressedFile(a *pb.ImportSuppressionsResponse, bad int) error {
	if c.json {
		if err := c.emit(object{{"rows", a.GetRows()}, {"suppressed", a.GetSuppressed()}, {"known", a.GetKnown()}, {"revoked", a.GetRevoked()}, {"problems", bad}}); err != nil {
			return err
		}
	} else {
		c.say("%s read; %s in force, %d of them before; %s taken back from agents", plural(a.GetRows(), "row", "rows"),
			plural(a.GetSuppressed(), "number is", "numbers are"), a.GetKnown(), plural(a.GetRevoked(), "card was", "cards were"))
	}
	if bad > 0 {
		return fmt.Errorf("%s could not be read", plural(int64(bad), "number", "numbers"))
	}
	return nil
}
