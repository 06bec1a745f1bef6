// Command dialerd serves redial: the API, the pages, and the scheduler behind them. dialerd --help lists its settings;
// with none it runs embedded on this machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
	"redial/scheduler"
)

// Exit statuses: a supervisor may start the process again after a failure, never after bad settings.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() { os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr, app.Run)) }

// run is the whole command around serve, which works until its context ends. The first SIGTERM or SIGINT ends the
// context; a second one ends the process at once.
func run(args, env []string, out, errOut io.Writer, serve func(context.Context, config.Config, io.Writer) error) int {
	if len(args) == 1 && args[0] == "--version" {
		fmt.Fprintf(out, "%s, tzdata %s\n", version(), scheduler.TZData())
		return exitOK
	}
	cfg, err := config.Load(args, env)
	if errors.Is(err, config.ErrHelp) {
		fmt.Fprint(out, config.Usage())
		return exitOK
	}
	if err == nil {
		ctx, stop := untilSignal()
		err = serve(ctx, cfg, out)
		stop()
	}
	if err == nil {
		return exitOK
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(errOut, "dialerd: %s\n", strings.TrimRight(line, "\n"))
	}
	if _, bad := errors.AsType[config.Fault](err); bad {
		fmt.Fprintln(errOut, "dialerd --help lists every setting.")
		return exitUsage
	}
	return exitFailure
}

// untilSignal is a context that the first SIGTERM or SIGINT ends. Before it ends, signals have their own effect again:
// whoever sees the drain begin can rely on the second one. (signal.NotifyContext leaves a gap between the two.)
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	came := make(chan os.Signal, 1)
	signal.Notify(came, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-came:
		case <-ctx.Done():
		}
		signal.Stop(came)
		cancel()
	}()
	return ctx, cancel
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dialerd (unknown version)"
	}
	v := "dialerd " + info.Main.Version
	at := slices.IndexFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "vcs.revision" })
	if at < 0 {
		return v
	}
	return v + " " + info.Settings[at].Value
}
