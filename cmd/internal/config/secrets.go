package config

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
)

// The settings that hold secrets. Each may be given as the variable REDIAL_NAME, or better as the name of a file that
// holds it, --NAME-file or REDIAL_NAME_FILE, as secrets of systemd, of compose and of Kubernetes are. A flag is seen by
// everybody who lists the machine's processes: one with a password works, and warns at each start.
var secrets = []string{"database", "redis", "oidc-secret"}

const secretMost = 64 << 10 // bytes of a file; a secret is a line

// secretFile is the setting that names the file of another, which is a secret.
func secretFile(name, what string, at func(*Config) *string) setting {
	return text(name+"-file", "FILE", "file that holds "+what, at)
}

// hidden is a setting that is no flag: a variable, or the file beside it.
func hidden(name, help string, at func(*Config) *string) setting {
	s := text(name, "", help, at)
	s.hidden = true
	return s
}

// readSecrets takes what is in files, and notes which passwords were given as flags.
func readSecrets(c *Config, flags map[string]string) error {
	var faults []error
	for _, name := range secrets {
		s, file := find(name), find(name+"-file")
		path := file.get(c)
		switch {
		case path != "" && s.get(c) != "":
			faults = append(faults, fmt.Errorf("--%s and --%s-file (or their variables) are both given: keep the file", name, name))
		case path != "":
			value, err := ReadSecret(path)
			if err != nil {
				faults = append(faults, fmt.Errorf("--%s-file: %w", name, err))
				continue
			}
			faults = append(faults, s.set(c, value))
		case hasPassword(flags[name]):
			c.Shown = strings.TrimPrefix(c.Shown+" --"+name, " ")
		}
	}
	return errors.Join(faults...)
}

// ReadSecret is the one line that a file holds, without spaces round it.
func ReadSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("the secret cannot be read: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, secretMost+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("the secret cannot be read: %w", err)
	case len(raw) > secretMost:
		return "", fmt.Errorf("%s is too long for a secret: give a file of one line", path)
	}
	value := strings.TrimSpace(string(raw))
	if value == "" || strings.ContainsAny(value, "\r\n\x00") {
		return "", fmt.Errorf("%s is empty or has more than one line: write the secret, and nothing else, into it", path)
	}
	return value, nil
}

// hasPassword says whether a URL holds one, before the host or among its parameters.
func hasPassword(text string) bool {
	u, err := url.Parse(text)
	if err != nil { // it says something before an @, and is refused later
		return strings.Contains(text, "@")
	}
	_, has := u.User.Password()
	return has || slices.ContainsFunc([]string{"password", "sslpassword"}, u.Query().Has)
}
