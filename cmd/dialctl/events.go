package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"redial/campaign"
	pb "redial/proto/campaign/v1"
)

var eventCommands = []command{
	{
		name: "events", args: "[--campaign NAME]… [--type TYPE]… [--from CURSOR|now] [--cursor-file FILE] [--follow]", short: "what happened, in order, as CRMs are told",
		long: `Without --follow it tells what there is and ends; with it, it goes on, and comes back by itself after a cut. With --cursor-file
it begins where the last run ended (the first: at --from) and writes the place down after each batch was printed: a job
by the clock misses nothing, and at worst prints a batch again.

  dialctl events --type attempt --type appointment_closed --cursor-file /var/lib/crm/cursor --json >> outcomes.jsonl
  dialctl events --from now --follow`,
		bind: bindEvents,
	},
}

// follower tells what happened from a cursor on.
type follower struct {
	c      *cli
	q      *pb.WatchEventsRequest
	file   string // keeps the cursor; empty: nothing does
	follow bool
}

func bindEvents(fs *flag.FlagSet) action {
	campaigns := manyVar(fs, "campaign", "only of this campaign, by its `NAME`; may be given again")
	types := manyVar(fs, "type", "only of this `TYPE`, such as attempt or lead_finished; may be given again")
	from := fs.String("from", "", "begin after this `CURSOR`, or now; empty: at the oldest event kept")
	file := fs.String("cursor-file", "", "`FILE` that keeps the cursor from run to run")
	follow := fs.Bool("follow", false, "go on telling what happens")
	return func(ctx context.Context, c *cli, _ []string) error {
		f := &follower{c: c, file: *file, follow: *follow, q: &pb.WatchEventsRequest{Cursor: *from, UntilCaughtUp: !*follow}}
		for _, name := range *types {
			t, err := enumNamed[pb.EventType]("type", name, pb.EventType_value)
			if err != nil {
				return err
			}
			f.q.Types = append(f.q.Types, t)
		}
		if err := f.resume(); err != nil {
			return err
		}
		if _, err := c.connect(); err != nil {
			return err
		}
		for _, name := range *campaigns {
			id, err := c.campaignID(ctx, name)
			if err != nil {
				return err
			}
			f.q.CampaignIds = append(f.q.CampaignIds, id)
		}
		return f.run(ctx)
	}
}

// resume takes the cursor of the run before.
func (f *follower) resume() error {
	if f.file == "" {
		return nil
	}
	text, err := os.ReadFile(f.file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return badInput("--cursor-file: %v", err)
	}
	if kept := strings.TrimSpace(string(text)); kept != "" {
		f.q.Cursor = kept
	}
	return nil
}

// comeBack is how long a follower waits after a cut.
const comeBack = time.Second

// run tells until everything is told; a follower until it is stopped.
func (f *follower) run(ctx context.Context) error {
	for {
		err := f.once(ctx)
		switch kind := campaign.KindOf(err); {
		case f.follow && ctx.Err() != nil, err == nil && !f.follow:
			if f.file == "" {
				f.c.note("the cursor is %s", f.q.GetCursor())
			}
			return nil
		case f.follow && (err == nil || kind == campaign.KindAway || kind == campaign.KindExhausted):
			f.c.note("the stream was cut, coming back: %v", whyEnded(err))
		default:
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(comeBack):
		}
	}
}

// whyEnded is why a stream ended.
func whyEnded(err error) string {
	if err == nil {
		return "the server ended it"
	}
	return err.Error()
}

// once reads one stream to its end.
func (f *follower) once(ctx context.Context) error {
	stream, err := pb.NewEventServiceClient(f.c.conn).WatchEvents(ctx, f.q)
	if err != nil {
		return err
	}
	level := false
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) && (level || f.follow) {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return errors.New("the stream broke off before everything was told: ask again")
		}
		if err != nil {
			return err
		}
		if err := f.take(m); err != nil {
			return err
		}
		level = m.GetCaughtUp()
	}
}

// take prints a batch, then keeps its cursor.
func (f *follower) take(m *pb.WatchEventsResponse) error {
	for _, e := range m.GetEvents() {
		if !f.c.json {
			f.c.say("%s", eventLine(e))
		} else if err := f.c.emit(noun("event", e)); err != nil {
			return err
		}
	}
	moved := f.q.GetCursor() != m.GetCursor()
	f.q.Cursor = m.GetCursor()
	if f.file == "" || !moved {
		return nil
	}
	if err := keepText(f.file, m.GetCursor()+"\n"); err != nil {
		return fmt.Errorf("keep the cursor in %s: %w", f.file, err)
	}
	return nil
}

// keepText puts a text in a file's place, whole and on the disk.
func keepText(path, text string) error {
	w, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = w.WriteString(text)
	if err = errors.Join(err, w.Sync(), w.Close()); err == nil {
		err = os.Rename(w.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(w.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
