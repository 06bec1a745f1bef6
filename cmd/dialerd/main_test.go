package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"redial/cmd/internal/config"
	"redial/scheduler"
)

// asServer makes the test binary a server whose drain never ends, for the tests of signals.
const asServer = "TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) == "" {
		os.Exit(m.Run())
	}
	os.Exit(run(nil, nil, os.Stdout, os.Stderr, func(ctx context.Context, _ config.Config, out io.Writer) error {
		fmt.Fprintln(out, "ready")
		<-ctx.Done()
		fmt.Fprintln(out, "draining")
		if os.Getenv(asServer) == "quick" {
			return nil
		}
		select {}
	}))
}

func TestExitStatusTellsSettingsFromFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args   []string
		serve  error
		status int
		out    string
		errOut string
	}{
		"served":             {args: []string{"--grpc", "127.0.0.1:0"}},
		"failed":             {serve: errors.New("open the record: no space left\nand more"), status: 1, errOut: "dialerd: open the record: no space left\ndialerd: and more\n"},
		"bad setting":        {args: []string{"--dmeo"}, status: 2, errOut: "did you mean --demo?\ndialerd --help lists every setting."},
		"setting found late": {serve: fmt.Errorf("start: %w", config.Fault("--redis: no host")), status: 2, errOut: "--redis: no host"},
		"help":               {args: []string{"--help"}, out: "--database URL"},
		"version":            {args: []string{"--version"}, out: "tzdata " + scheduler.TZData()},
	} {
		var out, errOut strings.Builder
		got := run(c.args, nil, &out, &errOut, func(_ context.Context, cfg config.Config, _ io.Writer) error {
			if name == "served" && cfg.GRPC != "127.0.0.1:0" {
				t.Errorf("served with %+v", cfg)
			}
			return c.serve
		})
		if got != c.status || !strings.Contains(out.String(), c.out) || !strings.Contains(errOut.String(), c.errOut) {
			t.Errorf("%s: status %d, wrote %q and %q", name, got, out.String(), errOut.String())
		}
	}
}

func TestFirstSignalDrainsAndSecondEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		for _, kind := range []string{"quick", "stuck"} {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), asServer+"="+kind)
			pipe, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(pipe)
			for _, want := range []string{"ready", "draining"} {
				if !lines.Scan() || lines.Text() != want {
					t.Fatalf("%v, %s: got %q, want %q", sig, kind, lines.Text(), want)
				}
				if want == "ready" || kind == "stuck" {
					if err := cmd.Process.Signal(sig); err != nil {
						t.Fatal(err)
					}
				}
			}
			err = cmd.Wait()
			state := cmd.ProcessState.Sys().(syscall.WaitStatus)
			if kind == "quick" && err != nil {
				t.Errorf("%v: a drain that ended: %v", sig, err)
			}
			if kind == "stuck" && (!state.Signaled() || state.Signal() != sig) {
				t.Errorf("%v twice: ended as %v", sig, cmd.ProcessState)
			}
		}
	}
}
