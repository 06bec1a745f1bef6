// Command dialctl is the client of dialerd, and the tool for what needs no server: it asks, shows and keeps no state.
// It decides nothing about leads: every answer is the server's, or, in decide, the scheduler package's own.
//
// Exit codes: 0 done; 1 it failed, or the audit found a breach; 2 wrong usage or bad input; 3 nothing came (next), or a forecast warns.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"google.golang.org/grpc"

	"redial/campaign"
)

// Exit codes.
const (
	exitOK = iota
	exitFailed
	exitUsage
	exitNothing
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := &cli{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv, dial: grpc.NewClient,
		terminal: isTerminal(os.Stderr),
	}
	os.Exit(c.run(ctx, os.Args[1:]))
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// cli is one run of the program: where it reads and writes, and what the flags of every command said.
type cli struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	dial           func(target string, opts ...grpc.DialOption) (*grpc.ClientConn, error)
	terminal       bool // stderr is one: progress may be drawn

	json      bool
	server    string
	tokenFile string
	tzdata    string
	link      link
	conn      *grpc.ClientConn // nil until a command needs the server
}

// errNothing is how next says that no lead came; it was told already.
var errNothing = errors.New("nothing came")

// errBreaches is how audit says that it found some; they were told already.
var errBreaches = errors.New("breaches found")

// usageError is a wrong command line; cmd is the command whose usage helps, nil when there is none.
type usageError struct {
	cmd     *command
	message string
}

func (e *usageError) Error() string { return e.message }

// run does one command line and answers the exit code.
func (c *cli) run(ctx context.Context, args []string) int {
	defer func() {
		if c.conn != nil {
			c.conn.Close()
		}
	}()
	err := c.dispatch(ctx, args)
	var code exitCode
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.Is(err, errNothing):
		return exitNothing
	case errors.Is(err, errBreaches):
		return exitFailed
	}
	return c.fail(err)
}

// exitCode is the answer of a command that reports its own errors.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// fail tells of the error on stderr, as JSON when that was asked for, and answers the exit code.
func (c *cli) fail(err error) int {
	code := exitFailed
	usage, wrong := errors.AsType[*usageError](err)
	if wrong || campaign.KindOf(err) == campaign.KindInvalid {
		code = exitUsage
	}
	if c.json {
		c.failJSON(err)
		return code
	}
	fmt.Fprintf(c.stderr, "dialctl: %s\n", printable(err.Error(), true))
	switch {
	case wrong && usage.cmd != nil:
		fmt.Fprintf(c.stderr, "\nUsage: dialctl %s\nMore: dialctl help %s\n", usage.cmd.usage(), usage.cmd.name)
	case wrong:
		fmt.Fprint(c.stderr, "Next: dialctl help lists the commands\n")
	}
	return code
}

func (c *cli) failJSON(err error) {
	out := object{{"error", err.Error()}}
	if e, ok := errors.AsType[*campaign.Error](err); ok {
		fields := object{}
		for _, v := range e.Violations {
			fields.put(v.Field, v.Message)
		}
		meta := object{}
		for _, k := range sortedKeys(e.Meta) {
			meta.put(k, e.Meta[k])
		}
		out.put("reason", e.Reason)
		out.put("fields", fields)
		out.put("metadata", meta)
	}
	if raw, bad := json.Marshal(out); bad == nil {
		fmt.Fprintf(c.stderr, "%s\n", raw)
	}
}

// dispatch finds the command and runs it.
func (c *cli) dispatch(ctx context.Context, args []string) error {
	args, err := c.globals(args)
	if err != nil {
		return err
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		return c.help(args)
	}
	cmd, rest := find(args)
	if cmd == nil {
		return unknownCommand(args)
	}
	if cmd.raw != nil {
		if err := c.useZones(); err != nil {
			return err
		}
		if c.json {
			rest = append([]string{"--json"}, rest...)
		}
		if code := cmd.raw(rest, c.stdin, c.stdout, c.stderr); code != exitOK {
			return exitCode(code)
		}
		return nil
	}
	return c.execute(ctx, cmd, rest)
}

// switches are the flags of every command that have no value.
var switches = []string{"json", "tls", "plaintext"}

// globals takes the flags before the command, which are those that every command has.
func (c *cli) globals(args []string) ([]string, error) {
	n := 0
	for n < len(args) && strings.HasPrefix(args[n], "-") && args[n] != "--help" && args[n] != "-h" {
		if _, _, inline := strings.Cut(args[n], "="); !inline && !slices.Contains(switches, strings.TrimLeft(args[n], "-")) {
			n++
		}
		n++
	}
	n = min(n, len(args))
	fs := newFlags("dialctl")
	c.bindGlobals(fs)
	_, err := parse(fs, args[:n])
	return args[n:], err
}
