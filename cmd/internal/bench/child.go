package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"

	"redial/cmd/internal/app"
	"redial/cmd/internal/config"
)

// childSpec is what a process of its own is to serve.
type childSpec struct {
	Echo                  bool   // the bare echo; else a server
	Data, Database, Redis string // of a server
}

// memory is what a process holds after everything that can be freed was.
type memory struct {
	Heap, Stack int64 // bytes in use
	Resident    int64
	Goroutines  int
}

// Child serves in a process of its own what a run asks of it over in, and tells of it over out, until in ends. A run
// starts it, as Options.Child says, so that a server's memory and time are its own.
func Child(ctx context.Context, in io.Reader, out io.Writer) error {
	asked := bufio.NewScanner(in)
	if !asked.Scan() {
		return errors.New("a run of the benchmark asks for this, nobody else")
	}
	var spec childSpec
	if err := json.Unmarshal(asked.Bytes(), &spec); err != nil {
		return fmt.Errorf("what to serve: %w", err)
	}
	s, err := spec.serve(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "ready", s.addr())
	for err == nil && asked.Scan() {
		var now memory
		if now, err = memoryNow(); err == nil {
			err = json.NewEncoder(out).Encode(now)
		}
	}
	return errors.Join(err, s.stop(context.WithoutCancel(ctx)))
}

// serving is a server that runs, here or in a process of its own.
type serving interface {
	addr() string
	stop(context.Context) error
}

func (c *childSpec) serve(ctx context.Context) (serving, error) {
	if c.Echo {
		e, err := startEcho()
		return echoServer{e}, err
	}
	cfg := config.Default()
	cfg.Data, cfg.Database, cfg.Redis, cfg.GRPC, cfg.Web = c.Data, c.Database, c.Redis, "127.0.0.1:0", "127.0.0.1:0"
	cfg.Rates = "agent=0,supervisor=0,manager=0,quality=0,crm=0" // one token does the work of many
	a, err := app.New(ctx, cfg, app.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := a.Start(ctx); err != nil {
		return nil, err // it has stopped by itself
	}
	return appServer{a}, nil
}

type echoServer struct{ e *echo }

func (s echoServer) addr() string               { return s.e.addr }
func (s echoServer) stop(context.Context) error { return s.e.stop() }

type appServer struct{ a *app.App }

func (s appServer) addr() string                   { return s.a.GRPC() }
func (s appServer) stop(ctx context.Context) error { return s.a.Stop(ctx) }

func memoryNow() (memory, error) {
	debug.FreeOSMemory()
	debug.FreeOSMemory() // what finalizers let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r, err := resident()
	return memory{int64(m.HeapInuse), int64(m.StackInuse), r, runtime.NumGoroutine()}, err
}

// child is a process that serves.
type child struct {
	cmd    *exec.Cmd
	asks   io.WriteCloser
	told   *bufio.Reader
	at     string
	errors strings.Builder
}

func (o *Options) startChild(ctx context.Context, spec childSpec) (*child, error) {
	if len(o.Child) == 0 {
		return nil, errors.New("nothing is known that serves in a process of its own: Options.Child")
	}
	c := &child{cmd: exec.CommandContext(ctx, o.Child[0], o.Child[1:]...)}
	c.cmd.Stderr = &c.errors
	c.cmd.Env = os.Environ()
	var err error
	if c.asks, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	told, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.told = bufio.NewReader(told)
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a server's process: %w", err)
	}
	err = json.NewEncoder(c.asks).Encode(spec)
	line := ""
	if err == nil {
		line, err = c.told.ReadString('\n')
	}
	at, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if c.at = at; err != nil || !ok {
		return nil, fmt.Errorf("a server's process did not begin: %q: %w", line, errors.Join(err, c.stop(ctx)))
	}
	return c, nil
}

func (c *child) addr() string { return c.at }

// memory asks the process what it holds.
func (c *child) memory() (m memory, err error) {
	if _, err := io.WriteString(c.asks, "memory\n"); err != nil {
		return m, fmt.Errorf("ask a server's process: %w", err)
	}
	line, err := c.told.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &m)
	}
	if err != nil {
		return m, fmt.Errorf("ask a server's process for its memory: %w", err)
	}
	return m, nil
}

// stop ends the process and waits for it.
func (c *child) stop(context.Context) error {
	_ = c.asks.Close() // by that it is told
	_, _ = io.Copy(io.Discard, c.told)
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("a server's process: %w: %s", err, c.errors.String())
	}
	return nil
}
