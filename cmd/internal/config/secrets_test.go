package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redial/campaign"
)

func secretIn(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEverySecretIsReadFromItsFile(t *testing.T) {
	t.Parallel()
	for _, name := range secrets {
		value := map[string]string{"database": "postgres://u:pw@h/d", "redis": "rediss://:pw@h:1", "oidc-secret": "pw"}[name]
		file := find(name + "-file")
		oidc := []string{"REDIAL_OIDC_ISSUER=https://sso", "REDIAL_OIDC_CLIENT=r", "REDIAL_OIDC_ROLES=A=admin"}
		byFlag, err := Load([]string{"--" + name + "-file", secretIn(t, value+"\n")}, oidc)
		if err != nil || find(name).get(&byFlag) != value {
			t.Errorf("--%s-file: %q, %v", name, find(name).get(&byFlag), err)
		}
		byEnv, err := Load(nil, append(oidc, file.variable()+"="+secretIn(t, " "+value)))
		if err != nil || find(name).get(&byEnv) != value || byEnv.Shown != "" {
			t.Errorf("%s: %q, %v, shown %q", file.variable(), find(name).get(&byEnv), err, byEnv.Shown)
		}
		for what, text := range map[string]string{"empty": " \n", "two lines": "a\nb", "too long": strings.Repeat("x", secretMost+1)} {
			_, err := Load([]string{"--" + name + "-file=" + secretIn(t, text)}, oidc)
			if err == nil || !strings.Contains(err.Error(), "--"+name+"-file") || strings.Contains(err.Error(), "xxx") {
				t.Errorf("--%s-file, %s: %v", name, what, err)
			}
		}
	}
}

func TestPasswordGivenAsAFlagIsWarnedOf(t *testing.T) {
	t.Parallel()
	for flag, shown := range map[string]bool{
		"--database=postgres://u:pw@h/d":                    true,
		"--database=postgres://u@h/d?password=pw":           true,
		"--database=postgres://u@h/d":                       false,
		"--database=sqlite:///x.db":                         false,
		"--redis=redis://:pw@h:1":                           true,
		"--redis=redis+sentinel://u:p%w@a:1,b:2/m/0":        true,
		"--redis=redis+cluster://a:1,b:2":                   false,
		"--redis-file=" + secretIn(t, "redis://u:pw@h:1/0"): false,
	} {
		c, err := Load([]string{flag}, []string{})
		if err != nil {
			t.Fatal(flag, err)
		}
		warned := strings.Contains(strings.Join(c.Warnings(), "\n"), "list of processes")
		name, _, _ := strings.Cut(flag, "=")
		if warned != shown || (c.Shown == name) != shown {
			t.Errorf("%s: shown %q, warnings %q", flag, c.Shown, c.Warnings())
		}
		if strings.Contains(strings.Join(c.Warnings(), " "), "pw") {
			t.Errorf("%s: the warning shows the password: %q", flag, c.Warnings())
		}
	}
	if c, err := Load(nil, []string{"REDIAL_REDIS=redis://:pw@h:1"}); err != nil || c.Shown != "" {
		t.Errorf("a variable is no flag: %q, %v", c.Shown, err)
	}
}

func TestBeyondThisMachineOnlyOverTLSOrByItsFlag(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--grpc :7070": "refused",
		"--grpc :7070 --web 0.0.0.0:7071 --tls-cert c --tls-key k":                "quiet",
		"--grpc :7070 --allow-remote":                                             "warned",
		"--grpc :7070 --allow-remote --tls-cert c --tls-key k --tls-client-ca ca": "quiet",
	} {
		c, err := Load(strings.Fields(args), nil)
		got := "quiet"
		switch {
		case err != nil:
			got = "refused"
		case len(c.Warnings()) > 0:
			got = "warned"
		}
		if got != want {
			t.Errorf("%s: %s (%v, %q), want %s", args, got, err, c.Warnings(), want)
		}
	}
}

func TestStrongestOfSeveralGroupsCounts(t *testing.T) {
	t.Parallel()
	o := OIDC{Roles: "Agents=agent, /calls/leads=supervisor,Ops=admin,a=b=quality,"}
	for _, c := range []struct {
		groups []string
		want   campaign.Role
	}{
		{[]string{"Agents"}, campaign.RoleAgent},
		{[]string{"Agents", "/calls/leads", "x"}, campaign.RoleSupervisor},
		{[]string{"/calls/leads", "Ops", "Agents"}, campaign.RoleAdmin},
		{[]string{"a=b"}, campaign.RoleQuality},
		{[]string{"agents", ""}, ""},
		{nil, ""},
	} {
		if got, ok := o.RoleOf(c.groups); got != c.want || ok != (c.want != "") {
			t.Errorf("%q: %q, %v; want %q", c.groups, got, ok, c.want)
		}
	}
	if len(Strongest) != len(campaign.Roles) {
		t.Error("a role has no place in the order")
	}
	if got := (OIDC{Scopes: "email,groups profile"}).ScopeList(); strings.Join(got, " ") != "openid email groups profile" {
		t.Errorf("scopes %q", got)
	}
}
