package config

import (
	"errors"
	"fmt"
	"strings"
)

// ErrHelp is what Load answers to --help; Usage is what to print then.
var ErrHelp = errors.New("help was asked for")

// clients are variables that belong to dialctl: often set in the same shell, and none of the server's business.
var clients = map[string]bool{
	"REDIAL_SERVER": true, "REDIAL_TOKEN": true, "REDIAL_TOKEN_FILE": true,
	"REDIAL_TLS": true, "REDIAL_CA": true, "REDIAL_CERT": true, "REDIAL_CERT_KEY": true, "REDIAL_PLAINTEXT": true,
}

// Load reads the settings: defaults, over them the environment ("NAME=value" as os.Environ gives it), over that the
// flags (without the program's name). The error names every setting that is unknown, unreadable or contradictory,
// and what to give instead; it is a Fault, or ErrHelp when --help is among the flags.
func Load(args, env []string) (Config, error) {
	c := Default()
	faults := []error{fromEnv(&c, env)}
	flags, err := fromFlags(&c, args)
	if errors.Is(err, ErrHelp) {
		return Config{}, ErrHelp
	}
	faults = append(faults, err, readSecrets(&c, flags))
	if err := errors.Join(faults...); err != nil {
		return Config{}, Fault(err.Error())
	}
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}

func fromEnv(c *Config, env []string) error {
	byName := map[string]*setting{}
	var names []string
	for i := range settings {
		v := settings[i].variable()
		byName[v] = &settings[i]
		names = append(names, v)
	}
	var faults []error
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "REDIAL_") || clients[name] {
			continue
		}
		s := byName[name]
		if s == nil {
			faults = append(faults, unknown("variable", name, nearest(name, names)))
			continue
		}
		if value == "" {
			continue
		}
		if err := s.set(c, value); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(faults...)
}

// fromFlags answers what was given, by name.
func fromFlags(c *Config, args []string) (map[string]string, error) {
	given := map[string]string{}
	var faults []error
	for i := 0; i < len(args); i++ {
		name, value, inline := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if args[i] == "-h" || name == "help" {
			return nil, ErrHelp
		}
		if !strings.HasPrefix(args[i], "-") || name == "" {
			faults = append(faults, fmt.Errorf("%q is not expected: settings are given as --name value", args[i]))
			continue
		}
		s := find(name)
		if s == nil {
			faults = append(faults, unknownFlag(name))
			if !inline && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++ // its value
			}
			continue
		}
		switch {
		case s.hidden:
			faults = append(faults, fmt.Errorf("--%s would be seen by everybody who lists processes: give --%s-file FILE, or %s in the environment",
				name, name, s.variable()))
			if !inline && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++ // the secret
			}
			continue
		case inline:
		case s.arg == "":
			value = "true"
		case i+1 < len(args):
			i++
			value = args[i]
		default:
			faults = append(faults, fmt.Errorf("--%s lacks its %s", name, s.arg))
			continue
		}
		if before, twice := given[name]; twice && before != value {
			faults = append(faults, fmt.Errorf("--%s is given twice, as %q and as %q: keep one", name, hide(before), hide(value)))
			continue
		}
		given[name] = value
		if err := s.set(c, value); err != nil {
			faults = append(faults, fmt.Errorf("--%s: %w", name, err))
		}
	}
	return given, errors.Join(faults...)
}

func unknownFlag(name string) error {
	var names []string
	for i := range settings {
		names = append(names, settings[i].name)
	}
	near := nearest(name, names)
	if near != "" {
		near = "--" + near
	}
	return unknown("setting", "--"+name, near)
}

func unknown(what, name, near string) error {
	if near != "" {
		return fmt.Errorf("unknown %s %s: did you mean %s?", what, name, near)
	}
	return fmt.Errorf("unknown %s %s: dialerd --help lists what there is", what, name)
}

// Usage is the help: every setting, its variable and its default.
func Usage() string {
	var b strings.Builder
	b.WriteString("dialerd serves redial. With no settings it runs embedded on this machine: a SQLite file, Redis in the process.\n\n")
	d := Default()
	for i := range settings {
		s := &settings[i]
		if s.hidden {
			fmt.Fprintf(&b, "  %-26s %s\n", s.variable(), s.help)
			continue
		}
		fmt.Fprintf(&b, "  --%-24s %s\n", strings.TrimSpace(s.name+" "+s.arg), s.help)
		if v := s.get(&d); v != "" {
			fmt.Fprintf(&b, "    %-24s default %s\n", s.variable(), v)
		} else {
			fmt.Fprintf(&b, "    %s\n", s.variable())
		}
	}
	b.WriteString("\nA flag is seen by everybody who lists processes: give what holds a password as a variable, or in a file.\n")
	b.WriteString("A flag wins over its variable. SIGTERM or Ctrl-C stops it when the work in hand is done; a second one at once.\n")
	return b.String()
}
