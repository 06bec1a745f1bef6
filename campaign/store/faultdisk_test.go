package store_test

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"redial/campaign"
	"redial/campaign/store"
	"redial/campaign/store/storetest"
)

// narrowEnv has a process run a test again on a disk of its own: "mount" names a folder to mount a small one on; "limit"
// has no file grow.
const narrowEnv = "REDIAL_NARROW"

// diskSize is that of the small disk.
const diskSize = 24 << 20

// alone runs the test that calls it again in a process with a small disk of its own, and says whether this is that one.
// The disk is a tmpfs in a mount namespace, which root has, and others where user namespaces are allowed. Where neither
// is, the process bounds the size of its files.
func alone(t *testing.T) (d *disk, inside bool) {
	t.Helper()
	if how := os.Getenv(narrowEnv); how != "" {
		return openDisk(t, how), true
	}
	mine := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		mine.Cloneflags |= syscall.CLONE_NEWUSER
		mine.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		mine.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	dir := t.TempDir()
	probe := exec.Command("mount", "-t", "tmpfs", "none", dir)
	probe.SysProcAttr = mine
	how := "mount=" + dir
	if out, err := probe.CombinedOutput(); err != nil {
		t.Logf("no disk can be mounted here, files are bounded instead: %v %s", err, out)
		how, mine = "limit="+dir, nil
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env, cmd.SysProcAttr = append(os.Environ(), narrowEnv+"="+how), mine
	out, err := cmd.CombinedOutput()
	t.Logf("in a process of its own, %s:\n%s", how, out)
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Error(err)
	}
	return nil, false
}

// disk is a small disk that can be filled.
type disk struct {
	dir     string
	mounted bool
	free    syscall.Rlimit
}

func openDisk(t *testing.T, how string) *disk {
	t.Helper()
	how, dir, _ := strings.Cut(how, "=")
	d := &disk{dir: dir, mounted: how == "mount"}
	if d.mounted {
		// A mount that is shared would be seen by all.
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("none", dir, "tmpfs", 0, "size=24m"); err != nil {
			t.Fatal(err)
		}
		return d
	}
	signal.Ignore(syscall.SIGXFSZ) // else a file that may not grow ends the process
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &d.free); err != nil {
		t.Fatal(err)
	}
	return d
}

// fill leaves room for so many bytes at most.
func (d *disk) fill(t *testing.T, room int64) {
	t.Helper()
	if !d.mounted {
		var largest int64
		files, _ := filepath.Glob(filepath.Join(d.dir, "*"))
		for _, f := range files {
			if info, err := os.Stat(f); err == nil {
				largest = max(largest, info.Size())
			}
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(largest + room), Max: d.free.Max}); err != nil {
			t.Fatal(err)
		}
		return
	}
	ballast, err := os.Create(filepath.Join(d.dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer ballast.Close()
	block := make([]byte, 4096)
	for size := int64(0); err == nil && size < diskSize; size += int64(len(block)) {
		_, err = ballast.Write(block)
	}
	if err == nil {
		t.Fatal("the disk does not become full")
	}
	info, err := ballast.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := ballast.Truncate(max(info.Size()-room, 0)); err != nil {
		t.Fatal(err)
	}
}

// empty makes room again.
func (d *disk) empty(t *testing.T) {
	t.Helper()
	if !d.mounted {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &d.free); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.Remove(filepath.Join(d.dir, "ballast")); err != nil {
		t.Fatal(err)
	}
}

// The disk becomes full while calls are made, twice. Callers are told that an operator must act, nothing is half-written,
// and work goes on by itself when there is room.
func TestI2TheDiskIsFullDuringCalls(t *testing.T) {
	t.Parallel()
	d, inside := alone(t)
	if !inside {
		return
	}
	x := startShift(t, "sqlite://"+filepath.Join(d.dir, "r.db"), 6)
	for range 2 {
		x.progress(t, 60)
		d.fill(t, 0)
		want := x.Full.Load() + 20
		await(t, "the disk to be told full", func() bool { return x.Full.Load() >= want })
		d.empty(t)
		x.back(t)
	}
	x.progress(t, 60)
	x.close(t)
	if x.Away.Load() > 0 {
		t.Errorf("%d were told that the record is away, and not what to do", x.Away.Load())
	}
}

// The disk becomes full during an import. Its rows are taken in when there is room, once, and nothing is seen of them before.
func TestI2I7TheDiskIsFullDuringAnImport(t *testing.T) {
	t.Parallel()
	d, inside := alone(t)
	if !inside {
		return
	}
	ctx := t.Context()
	x := newShift(t, "sqlite://"+filepath.Join(d.dir, "r.db"), 1)
	s := x.Nodes[0]
	u := get(s.BeginUpload(ctx, campaign.Upload{CampaignID: x.Camp, FileName: "large.csv"}, "large"))(t)
	get(s.AppendPiece(ctx, u.ID, 0, []byte("x")))(t)
	u = get(s.CommitUpload(ctx, u.ID, nil, 1))(t)
	batch := campaign.ImportBatch{Upload: u.ID, List: u.ListID, Drafts: largeDrafts(5000), RowsDone: 5000}
	d.fill(t, 512<<10)
	for range 2 {
		_, err := s.ImportRows(ctx, batch)
		if campaign.KindOf(err) != campaign.KindAway || campaign.ReasonOf(err) != campaign.ReasonRecordFull {
			t.Fatalf("the import on a full disk: %v", err)
		}
		if now := get(s.UploadByID(ctx, u.ID))(t); now.RowsDone != 0 || now.Tally.Leads != 0 {
			t.Errorf("half of it is there: %+v", now)
		}
	}
	d.empty(t)
	if tally := get(s.ImportRows(ctx, batch))(t); tally.Leads != 5000 {
		t.Errorf("with room: %+v", tally)
	}
	get(s.FinishImport(ctx, u.ID))(t)
	storetest.Sound(t, s, x.db, []storetest.Fact{{What: "import", ID: int64(u.ID), Value: "5000"}})
}

func largeDrafts(n int) []campaign.Draft {
	out := make([]campaign.Draft, n)
	for i := range out {
		out[i] = campaign.Draft{Line: i + 2, Zones: []string{"Asia/Shanghai"}, Name: strings.Repeat("long ", 20),
			Numbers: []campaign.Number{{Phone: campaign.Phone("+8613" + strings.Repeat("7", 4) + pad(i))}}}
	}
	return out
}

func pad(i int) string {
	const digits = "0123456789"
	b := []byte("00000")
	for at := len(b) - 1; at >= 0; at-- {
		b[at], i = digits[i%10], i/10
	}
	return string(b)
}

// A record that may only be read is refused at the start, with its path and what to do.
func TestARecordThatMayOnlyBeRead(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(narrowEnv); dir != "" {
		_, err := store.Open(t.Context(), "sqlite://"+filepath.Join(dir, "r.db"), store.Options{})
		if err == nil {
			t.Fatal("it opened")
		}
		t.Log(err)
		return
	}
	dir, err := os.MkdirTemp("", "readonly") //nolint:usetesting // another user must get there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = os.Chmod(dir, 0o700) //nolint:gosec // else it could not be emptied
		os.RemoveAll(dir)
	})
	path := filepath.Join(dir, "r.db")
	if err := openWorks(t, "sqlite://"+path).Close(); err != nil {
		t.Fatal(err)
	}
	junk := filepath.Join(dir, "junk.db")
	if err := os.WriteFile(junk, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), "sqlite://"+junk, store.Options{}); err == nil || !strings.Contains(err.Error(), junk+": the file is damaged") {
		t.Errorf("something else than a record: %v", err)
	}
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil { //nolint:gosec // to be read by another user
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), narrowEnv+"="+dir)
	if os.Getuid() == 0 { // whom nothing is forbidden
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	for _, word := range []string{"--- PASS", path, "make", "writable"} {
		if !strings.Contains(string(out), word) {
			t.Errorf("nothing of %q is said: %v\n%s", word, err, out)
		}
	}
}
