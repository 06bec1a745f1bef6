package scheduler

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"redial/campaign"
)

// The zone data that the program carries: what the machine has is never asked, so that all nodes of one database
// decide by the same offsets.
var (
	//go:embed tzdata/zoneinfo.zip
	carriedZones []byte
	//go:embed tzdata/VERSION
	carriedVersion string
)

// zoneFiles is zone data: compiled zones by their names.
type zoneFiles struct {
	version string
	files   map[string]*zip.File
}

// zoneSource is where a process has its zones from. The zero value has the carried ones.
type zoneSource struct {
	mu    sync.Mutex
	inUse *zoneFiles // nil: the carried ones, not read yet
	asked bool       // a zone was loaded: what was decided by it stands
}

var zoneData zoneSource

// TZData is the version of the zone data in use, such as "2025c".
func TZData() string { return zoneData.version() }

// UseTZData takes other zone data than the carried one: a zip file of compiled zones by their names, as the Go
// distribution has it at lib/time/zoneinfo.zip. Its version is what a file +VERSION, VERSION or version or the first
// line of tzdata.zi in it says, else "sha256:" and the beginning of the file's own sum. It holds for the process and
// must be called before any zone is loaded: later it is refused, for a process must not decide by two, unless the
// version is that in use. The error is of kind KindInvalid for data that cannot be read, KindUnready for a call too
// late.
func UseTZData(data []byte) error { return zoneData.use(data) }

func (z *zoneSource) version() string {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.inUse == nil {
		return strings.TrimSpace(carriedVersion)
	}
	return z.inUse.version
}

func (z *zoneSource) use(data []byte) error {
	given, err := readZones(data)
	if err != nil {
		return err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if !z.asked {
		z.inUse = given
		return nil
	}
	if z.inUse.version != given.version {
		return &campaign.Error{Kind: campaign.KindUnready, Message: fmt.Sprintf(
			"zone data %s comes too late: %s is in use already; give it at the start", given.version, z.inUse.version)}
	}
	return nil
}

// load finds a zone in the data in use, which stays in use from now on.
func (z *zoneSource) load(name string) (*time.Location, error) {
	if name == "UTC" {
		return time.UTC, nil // the same in every release
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.inUse == nil {
		carried, err := filesOf(carriedZones)
		if err != nil {
			return nil, fmt.Errorf("read the carried zone data: %w", err)
		}
		carried.version = strings.TrimSpace(carriedVersion)
		z.inUse = carried
	}
	z.asked = true
	return z.inUse.load(name)
}

// readZones reads zone data, and one zone of it as a sample.
func readZones(data []byte) (*zoneFiles, error) {
	z, err := filesOf(data)
	if err != nil {
		return nil, campaign.Invalid("", fmt.Sprintf("the zone data is no zip file (%v): give one such as zoneinfo.zip of the Go distribution", err))
	}
	if _, err := z.load("Asia/Shanghai"); err != nil {
		return nil, campaign.Invalid("", fmt.Sprintf("the zone data cannot be used: Asia/Shanghai: %v", err))
	}
	switch z.version = z.versionInside(); {
	case bytes.Equal(data, carriedZones):
		z.version = strings.TrimSpace(carriedVersion)
	case z.version == "":
		z.version = fmt.Sprintf("sha256:%.6x", sha256.Sum256(data))
	}
	return z, nil
}

func filesOf(data []byte) (*zoneFiles, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	z := &zoneFiles{files: make(map[string]*zip.File, len(r.File))}
	for _, f := range r.File {
		z.files[f.Name] = f
	}
	return z, nil
}

// versionInside is the version that the data tells of itself; empty: none.
func (z *zoneFiles) versionInside() string {
	for _, name := range []string{"+VERSION", "VERSION", "version", "tzdata.zi"} {
		raw, err := z.read(name)
		if err != nil {
			continue
		}
		line, _, _ := strings.Cut(string(raw), "\n")
		if line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "# version")); line != "" && len(line) <= 40 {
			return line
		}
	}
	return ""
}

// largest is more than any zone's data, or a list of all zones, takes: a file that claims more is none.
const largest = 1 << 20

func (z *zoneFiles) read(name string) ([]byte, error) {
	f := z.files[name]
	if f == nil {
		return nil, fmt.Errorf("no %s in it", name)
	}
	if f.UncompressedSize64 > largest {
		return nil, fmt.Errorf("%s is too large", name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer func() { _ = r.Close() }() // read only: nothing can be lost
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return raw, nil
}

func (z *zoneFiles) load(name string) (*time.Location, error) {
	raw, err := z.read(name)
	if err != nil {
		return nil, err
	}
	return time.LoadLocationFromTZData(name, raw)
}
