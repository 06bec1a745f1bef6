package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ticks is what Linux counts CPU time in, a second.
const ticks = 100

// watch measures what others use of the machine while something runs.
type watch struct {
	began       time.Time
	busy, ours  float64 // seconds of CPU
	unavailable bool
}

func startWatch() watch {
	busy, ours, err := cpu()
	return watch{time.Now(), busy, ours, err != nil}
}

// outside is the CPU that others used since, in cores; -1 where it cannot be known.
func (w watch) outside() float64 {
	busy, ours, err := cpu()
	wall := time.Since(w.began).Seconds()
	if err != nil || w.unavailable || wall <= 0 {
		return -1
	}
	return max(0, (busy-w.busy-(ours-w.ours))/wall)
}

// cpu is the machine's busy time and that of this process and all its descendants: the database and Redis count as
// the benchmark's own.
func cpu() (busy, ours float64, err error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	for i, f := range strings.Fields(line)[1:] {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("read /proc/stat: %w", err)
		}
		if i != 3 && i != 4 && i < 7 { // not idle, waiting for disks, or stolen
			busy += n / ticks
		}
	}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, 0, err
	}
	parent, used := make(map[int]int), make(map[int]float64)
	for _, f := range files {
		if raw, err := os.ReadFile(f); err == nil { // it may have ended
			if pid, above, seconds, ok := process(raw); ok {
				parent[pid], used[pid] = above, seconds
			}
		}
	}
	self := os.Getpid()
	for pid, seconds := range used {
		for at := pid; at > 0; at = parent[at] {
			if at == self {
				ours += seconds
				break
			}
		}
	}
	return busy, ours, nil
}

// process reads /proc/PID/stat: the process, its parent, its CPU time with that of children it has buried.
func process(raw []byte) (pid, parent int, seconds float64, ok bool) {
	open, end := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if open < 0 || end < 0 {
		return 0, 0, 0, false
	}
	f := strings.Fields(string(raw[end+1:]))
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw[:open])))
	if err != nil || len(f) < 15 {
		return 0, 0, 0, false
	}
	parent, _ = strconv.Atoi(f[1])
	for _, s := range f[11:15] {
		n, _ := strconv.ParseFloat(s, 64)
		seconds += n / ticks
	}
	return pid, parent, seconds, true
}

// flushTime is how long one flush of a small write takes in a folder, in microseconds: the median of some.
func flushTime(dir string) (float64, error) {
	f, err := os.CreateTemp(dir, "flush-")
	if err != nil {
		return 0, fmt.Errorf("measure the disk: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var all []float64
	page := make([]byte, 8192)
	for range 50 {
		began := time.Now()
		if _, err := f.WriteAt(page, 0); err != nil {
			return 0, fmt.Errorf("measure the disk: %w", err)
		}
		if err := fdatasync(f); err != nil {
			return 0, fmt.Errorf("measure the disk: %w", err)
		}
		all = append(all, float64(time.Since(began).Nanoseconds())/1000)
	}
	return rounded(median(all)), nil
}

// resident is the memory this process holds, in bytes.
func resident() (int64, error) {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("read the memory in use: %w", err)
	}
	f := strings.Fields(string(raw))
	pages, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the memory in use: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}
