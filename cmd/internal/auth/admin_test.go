package auth

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redial/campaign"
)

func TestAdminTokenIsMadeOnceAndKeptPrivate(t *testing.T) {
	t.Parallel()
	r, dir := &record{}, filepath.Join(t.TempDir(), "data")
	path, created, err := EnsureAdminToken(t.Context(), r, dir)
	if err != nil || !created || path != filepath.Join(dir, "admin.token") {
		t.Fatalf("first start: %s, %v, %v", path, created, err)
	}
	secret := strings.TrimSpace(read(t, path))
	if tok := r.tokens[secret]; tok == nil || tok.Role != campaign.RoleAdmin {
		t.Errorf("the file's token is %+v in the record", tok)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, created, err := EnsureAdminToken(t.Context(), r, dir); err != nil || created || strings.TrimSpace(read(t, path)) != secret {
		t.Errorf("second start: made another: %v, %v", created, err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v after the second start, want 0600", info.Mode())
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("files left in the folder: %v", left)
	}
}

func TestAdminTokenThatLetsNobodyInIsReplaced(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]*campaign.Token{
		"of another record": nil,
		"revoked":           {Role: campaign.RoleAdmin, RevokedAt: time.Unix(1, 0)},
		"of another role":   {Role: campaign.RoleManager},
	} {
		r, dir := &record{tokens: map[string]*campaign.Token{}}, t.TempDir()
		if token != nil {
			r.tokens["rd_old"] = token
		}
		if err := os.WriteFile(filepath.Join(dir, AdminTokenFile), []byte("rd_old\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		path, created, err := EnsureAdminToken(t.Context(), r, dir)
		secret := strings.TrimSpace(read(t, path))
		if err != nil || !created || secret == "rd_old" || r.tokens[secret] == nil {
			t.Errorf("%s: %v, %v, %q", name, created, err, secret)
		}
	}
}

func TestAdminTokenIsNotTouchedWhileTheRecordIsAway(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, AdminTokenFile)
	if _, _, err := EnsureAdminToken(t.Context(), &record{down: true}, dir); err == nil {
		t.Error("made a token without a record")
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a file was left behind: %v", err)
	}
	if err := os.WriteFile(path, []byte("rd_good"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, created, err := EnsureAdminToken(t.Context(), &record{down: true}, dir); err == nil || created || read(t, path) != "rd_good" {
		t.Errorf("with the record away: created %v, %v", created, err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
