package bench

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Machine is where, with what and how undisturbed a run was made.
type Machine struct {
	At         time.Time     `json:"at"`
	Took       time.Duration `json:"took"` // nanoseconds
	CPU        string        `json:"cpu"`
	Cores      int           `json:"cores"`
	Memory     string        `json:"memory"`
	System     string        `json:"system"`
	Go         string        `json:"go"`
	Libraries  []string      `json:"libraries"`    // those that a figure depends on
	Engines    []string      `json:"engines"`      // versions and settings of what was started
	FlushUS    [2]float64    `json:"fdatasync_us"` // one flush of the disk, before and after
	OutsideCPU float64       `json:"outside_cpu"`  // by others over the whole run, in cores; -1: not known
}

// libraries are the modules that a figure depends on.
var libraries = []string{"google.golang.org/grpc", "github.com/jackc/pgx/v5", "modernc.org/sqlite", "github.com/redis/go-redis/v9", "github.com/hibiken/asynq"}

func newMachine(dir string) (m Machine, err error) {
	m = Machine{At: time.Now().UTC().Truncate(time.Second), Cores: runtime.NumCPU(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		CPU: field("/proc/cpuinfo", "model name"), Memory: field("/proc/meminfo", "MemTotal")}
	if raw, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.System += " " + strings.TrimSpace(string(raw))
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, name := range libraries {
			for _, dep := range info.Deps {
				if dep.Path == name {
					m.Libraries = append(m.Libraries, dep.Path+" "+dep.Version)
				}
			}
		}
	}
	m.FlushUS[0], err = flushTime(dir)
	return m, err
}

// field is the first value of a name in one of the kernel's tables; empty where there is none.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Lines are the machine in words.
func (m *Machine) Lines() []string {
	outside := "not known"
	if m.OutsideCPU >= 0 {
		outside = fmt.Sprintf("%.2f cores", m.OutsideCPU)
	}
	out := []string{
		fmt.Sprintf("%s, %v; %d cores, %s, %s, %s", m.At.Format("2006-01-02 15:04 MST"), m.Took.Round(time.Second), m.Cores, m.CPU, m.Memory, m.System),
		fmt.Sprintf("fdatasync %g us before, %g us after; others used %s over the whole run (a measure above %g is marked noisy)",
			m.FlushUS[0], m.FlushUS[1], outside, noisyCPU),
		strings.Join(append([]string{m.Go}, m.Libraries...), ", "),
	}
	return append(out, m.Engines...)
}

// about is the version and the settings of what was started.
func (e *engine) about(ctx context.Context) (string, error) {
	if e.pg == nil {
		return "SQLite in the process: WAL, synchronous=FULL; Redis in the process", nil
	}
	db, err := e.empty()
	if err != nil {
		return "", err
	}
	c, err := pgx.Connect(ctx, db.url)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString("PostgreSQL")
	for _, name := range []string{"server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size", "autovacuum"} {
		var v string
		if err = c.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&v); err != nil {
			break
		}
		out.WriteString(" " + strings.TrimPrefix(name+"=", "server_version=") + v + ",")
	}
	if e := c.Close(ctx); err == nil {
		err = e
	}
	if e := db.drop(); err == nil {
		err = e
	}
	if err != nil {
		return "", fmt.Errorf("read the settings: %w", err)
	}
	r, err := redisClient("redis://" + e.redis.Addr + "/0")
	if err != nil {
		return "", err
	}
	defer r.Close()
	info, err := r.Info(ctx, "server").Result()
	_, version, _ := strings.Cut(info, "redis_version:")
	version, _, _ = strings.Cut(version, "\r")
	return out.String() + " else its defaults; Redis " + version + ", nothing kept on disk", err
}
