package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "redial/proto/campaign/v1"
)

var headings = []string{"call", "lead", "source", "external_id", "outcome", "note", "placed_at", "next"}

// outcomes are the file of what came of calls, one row each, and beside it the cursor of the events that it holds.
type outcomes struct {
	events       pb.EventServiceClient
	campaign     int64
	file, cursor string
	rows         map[int64][]string // by the call, so that an event told again changes nothing
}

func openOutcomes(file string) (*outcomes, error) {
	o := &outcomes{file: file, rows: make(map[int64][]string)}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil // without its file the cursor is nothing: all is told again
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, row := range all[min(1, len(all)):] {
		call, err := strconv.ParseInt(row[0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		o.rows[call] = row
	}
	cursor, err := os.ReadFile(file + ".cursor")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	o.cursor = string(cursor)
	return o, nil
}

// watch follows the events from the cursor until there are no more. The cursor is kept once what came before it is.
func (o *outcomes) watch(ctx context.Context) (progress bool, err error) {
	stream, err := o.events.WatchEvents(ctx, &pb.WatchEventsRequest{
		Cursor: o.cursor, CampaignIds: []int64{o.campaign}, UntilCaughtUp: true,
		Types: []pb.EventType{pb.EventType_EVENT_TYPE_ATTEMPT, pb.EventType_EVENT_TYPE_ATTEMPT_AMENDED, pb.EventType_EVENT_TYPE_LEAD_ERASED},
	})
	if err != nil {
		return false, err
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return true, nil
		} else if err != nil {
			return progress, err
		}
		for _, e := range m.GetEvents() {
			o.take(e)
		}
		if err := o.save(m.GetCursor()); err != nil {
			return progress, err
		}
		progress, o.cursor = true, m.GetCursor()
	}
}

func (o *outcomes) take(e *pb.Event) {
	lead := strconv.FormatInt(e.GetLeadId(), 10)
	if e.GetType() == pb.EventType_EVENT_TYPE_LEAD_ERASED {
		maps.DeleteFunc(o.rows, func(_ int64, row []string) bool { return row[1] == lead })
		return
	}
	a := e.GetAttempt()
	o.rows[a.GetAssignmentId()] = []string{
		strconv.FormatInt(a.GetAssignmentId(), 10), lead, e.GetSource(), e.GetExternalId(),
		strings.TrimPrefix(a.GetOutcome().String(), "OUTCOME_"), a.GetNote(), instant(a.GetPlacedAt()), instant(a.GetNextAt()),
	}
}

func instant(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().Format(time.RFC3339)
}

// save replaces the files, the outcomes first: a failure between the two has events told again, which is harmless.
func (o *outcomes) save(cursor string) error {
	var b strings.Builder
	rows := slices.SortedFunc(maps.Values(o.rows), func(a, b []string) int { return cmp.Or(cmp.Compare(len(a[0]), len(b[0])), cmp.Compare(a[0], b[0])) })
	if err := csv.NewWriter(&b).WriteAll(append([][]string{headings}, rows...)); err != nil {
		return err
	}
	for _, f := range []struct{ name, text string }{{o.file, b.String()}, {o.file + ".cursor", cursor}} {
		err := os.WriteFile(f.name+".new", []byte(f.text), 0o600)
		if err == nil {
			err = os.Rename(f.name+".new", f.name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
