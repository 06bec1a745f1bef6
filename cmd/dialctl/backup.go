package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/schollz/progressbar/v3"
	"google.golang.org/grpc"

	"redial/campaign"
	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	pb "redial/proto/campaign/v1"
)

var backupCommands = []command{
	{
		name: "backup", args: "FILE", short: "copy the embedded record, while calls go on",
		long: `The copy shows the record at one instant and is checked on the way; FILE appears when it is whole. PostgreSQL has backups
of its own: see the runbook.

  dialctl backup /backups/redial-$(date +%F).db`,
		min: 1, max: 1, bind: bindBackup,
	},
	{
		name: "restore", args: "[FILE]", short: "put a backup in the record's place and make it safe, offline",
		long: `Calls, promises and suppressions since the backup are not in it: running campaigns are paused, and no number that may
have been given since is given again. Stop dialerd first. Before agents come back, suppress who said so since
(dialctl suppress), see what is promised (dialctl callbacks), run dialctl audit, then dialctl campaign start NAME.

  dialctl restore --data data --replace /backups/redial-2026-10-01.db
  dialctl restore --database postgres://…        # PostgreSQL, after it was restored by its own means; no FILE`,
		max: 1, bind: bindRestore,
	},
}

func bindBackup(fs *flag.FlagSet) action {
	force := fs.Bool("force", false, "write over FILE if it is there")
	return func(ctx context.Context, c *cli, args []string) error {
		path := args[0]
		if _, err := os.Stat(path); err == nil && !*force {
			return badInput("%s is there already: name another file, or say --force", path)
		}
		r, err := c.connect()
		if err != nil {
			return err
		}
		stream, err := r.admin.Backup(ctx, &pb.BackupRequest{})
		if err != nil {
			return err
		}
		about, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := c.saveBackup(stream, about.GetSize(), path); err != nil {
			return err
		}
		if c.json {
			return c.emit(object{{"file", path}, {"size", about.GetSize()}, {"at", about.GetAt().AsTime()}, {"schema", about.GetSchema()}})
		}
		c.fields("file", path, "bytes", number(about.GetSize()), "at", when(about.GetAt(), machineZone(c.env)), "schema", number(int64(about.GetSchema())))
		return nil
	}
}

// saveBackup writes what comes beside path, and puts it there when it is whole and on the disk.
func (c *cli) saveBackup(stream grpc.ServerStreamingClient[pb.BackupResponse], size int64, path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return badInput("write the backup: %v", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	sum := sha256.New()
	bar := progressbar.NewOptions64(size, progressbar.OptionSetWriter(c.stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionSetVisibility(c.terminal && !c.json), progressbar.OptionClearOnFinish())
	err = receiveBackup(stream, io.MultiWriter(f, sum, bar), sum)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

func receiveBackup(stream grpc.ServerStreamingClient[pb.BackupResponse], to io.Writer, sum hash.Hash) error {
	for {
		m, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the backup broke off: nothing was kept, ask again")
		case err != nil:
			return err
		case len(m.GetSha256()) > 0 && bytes.Equal(m.GetSha256(), sum.Sum(nil)):
			return nil
		case len(m.GetSha256()) > 0:
			return errors.New("the backup was damaged on the way: nothing was kept, ask again")
		}
		if _, err := to.Write(m.GetData()); err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
	}
}

func bindRestore(fs *flag.FlagSet) action {
	cfg := config.Default()
	fs.StringVar(&cfg.Data, "data", cfg.Data, "the `FOLDER` of the server")
	fs.StringVar(&cfg.Database, "database", "", "the `URL` that the server has; better by REDIAL_DATABASE or REDIAL_DATABASE_FILE, which ps does not show")
	replace := fs.Bool("replace", false, "move the present record aside")
	return func(ctx context.Context, c *cli, args []string) error {
		for name, at := range map[string]*string{"REDIAL_DATA": &cfg.Data, "REDIAL_DATABASE": &cfg.Database} {
			if v := c.env(name); v != "" && (*at == "" || *at == config.Default().Data) {
				*at = v
			}
		}
		if path := c.env("REDIAL_DATABASE_FILE"); path != "" && cfg.Database == "" {
			url, err := config.ReadSecret(path)
			if err != nil {
				return badInput("REDIAL_DATABASE_FILE: %v", err)
			}
			cfg.Database = url
		}
		file := ""
		if len(args) > 0 {
			file = args[0]
		}
		done, aside, err := app.Restore(ctx, cfg, file, *replace)
		if err != nil {
			return err
		}
		return c.restored(done, aside)
	}
}

func (c *cli) restored(done campaign.Restored, aside string) error {
	if c.json {
		return c.emit(object{{"paused", done.Paused}, {"leap", done.Leap}, {"aside", aside}})
	}
	if aside != "" {
		c.say("the record that was there is %s now", aside)
	}
	c.say("restored; %s paused, new numbers begin %d higher", plural(int64(len(done.Paused)), "campaign is", "campaigns are"), done.Leap)
	for _, name := range done.Paused {
		c.say("  %s", name)
	}
	c.say("Next: suppress who said so since the backup, dialctl audit, then dialctl campaign start NAME for each")
	return nil
}
