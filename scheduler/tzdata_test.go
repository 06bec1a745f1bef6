package scheduler

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"redial/campaign"
)

// rezip copies the carried zone data; change may answer other content for a file, extra is added to it.
func rezip(t *testing.T, change func(name string, raw []byte) []byte, extra map[string]string) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(carriedZones), int64(len(carriedZones)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	put := func(name string, raw []byte) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(raw)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		put(f.Name, change(f.Name, raw))
	}
	for name, text := range extra {
		put(name, []byte(text))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func same(_ string, raw []byte) []byte { return raw }

func TestTheCarriedZoneDataIsTheDistributions(t *testing.T) {
	t.Parallel()
	if v := TZData(); !regexp.MustCompile(`^20[2-9][0-9][a-z]$`).MatchString(v) {
		t.Errorf("version %q", v)
	}
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("the Go distribution is not at hand: %v", err)
	}
	root := filepath.Join(strings.TrimSpace(string(goroot)), "lib", "time")
	script, err := os.ReadFile(filepath.Join(root, "update.bash"))
	if err != nil {
		t.Skipf("the Go distribution's own zone data is not at hand: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(root, "zoneinfo.zip"))
	if err != nil {
		t.Skipf("the Go distribution's own zone data is not at hand: %v", err)
	}
	code := regexp.MustCompile(`(?m)^CODE=(\S+)$`).FindSubmatch(script)
	if code == nil {
		t.Fatal("update.bash names no CODE")
	}
	// A later distribution brings later data: then copy it anew. An earlier one says nothing of it.
	switch theirs := string(code[1]); {
	case theirs > TZData():
		t.Errorf("the distribution has zone data %s, the program carries %s: copy zoneinfo.zip anew", theirs, TZData())
	case theirs == TZData() && !bytes.Equal(data, carriedZones):
		t.Errorf("tzdata/VERSION says %s, but tzdata/zoneinfo.zip is not that release", theirs)
	}
}

func TestZonesAreThoseOfTheDataGiven(t *testing.T) {
	t.Parallel()
	// A release in which Shanghai has moved to Tokyo's time.
	var tokyo []byte
	rezip(t, func(name string, raw []byte) []byte {
		if name == "Asia/Tokyo" {
			tokyo = raw
		}
		return raw
	}, nil)
	moved := rezip(t, func(name string, raw []byte) []byte {
		if name == "Asia/Shanghai" {
			return tokyo
		}
		return raw
	}, map[string]string{"+VERSION": "2031a\n"})
	var z zoneSource
	if err := z.use(moved); err != nil || z.version() != "2031a" {
		t.Fatalf("version %q, %v", z.version(), err)
	}
	loc, err := z.load("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	if got := offsetAt(loc, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC).Unix()); got != 9*3600 || loc.String() != "Asia/Shanghai" {
		t.Errorf("%s is %d s east", loc, got)
	}
	if err := z.use(carriedZones); campaign.KindOf(err) != campaign.KindUnready || !strings.Contains(err.Error(), "2031a") {
		t.Errorf("other data after the first zone: %v", err)
	}
	if err := z.use(moved); err != nil {
		t.Errorf("the data in use again: %v", err)
	}
	if err := UseTZData(carriedZones); err != nil || zoneData.version() != TZData() {
		t.Errorf("the carried data: %v", err)
	}
}

func TestZoneDataTellsItsVersion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		extra map[string]string
		want  string
	}{
		"named":                {map[string]string{"VERSION": "2027b"}, "2027b"},
		"named by its rules":   {map[string]string{"tzdata.zi": "# version 2028c\n# redo\nR d 1916 o"}, "2028c"},
		"not named: by itself": {map[string]string{"other": "x"}, "sha256:"},
	} {
		var z zoneSource
		if err := z.use(rezip(t, same, c.extra)); err != nil || !strings.HasPrefix(z.version(), c.want) {
			t.Errorf("%s: %q, %v", name, z.version(), err)
		}
	}
}

func TestZoneDataThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	broken := rezip(t, func(name string, raw []byte) []byte {
		if name == "Asia/Shanghai" {
			return raw[:20]
		}
		return raw
	}, nil)
	for name, data := range map[string][]byte{
		"empty": nil, "no zip": []byte("TZif2"), "cut off": carriedZones[:len(carriedZones)/2], "a broken zone": broken,
	} {
		var z zoneSource
		if err := z.use(data); campaign.KindOf(err) != campaign.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := z.load("Europe/Paris"); err != nil || z.version() != TZData() {
			t.Errorf("%s: the carried data is no longer there: %v", name, err)
		}
	}
}

func TestManyGoroutinesMayLoadZonesAtOnce(t *testing.T) {
	t.Parallel()
	var z zoneSource
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			name := oddZones[i%4]
			loc, err := z.load(name)
			shared, err2 := LoadZone(name)
			if err != nil || err2 != nil || zoneOf(loc).day(1772000000) != zoneOf(shared).day(1772000000) {
				t.Errorf("%s: %v, %v", name, err, err2)
			}
		})
	}
	all.Wait()
}

func TestEveryCarriedZoneLoads(t *testing.T) {
	t.Parallel()
	z, err := filesOf(carriedZones)
	if err != nil || len(z.files) < 500 {
		t.Fatalf("%d files, %v", len(z.files), err)
	}
	for name := range z.files {
		if strings.HasSuffix(name, "/") {
			continue
		}
		if _, err := z.load(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
