package main

import (
	"flag"
	"fmt"
	"strings"

	"redial/cmd/internal/config"
)

const helpHead = `dialctl works redial from a shell: lists in, calls out, outcomes back, reports.

Usage: dialctl COMMAND [ARGUMENTS] [FLAGS]      flags may stand anywhere; every command takes --json

`

const helpTail = `
Where the server is: --server HOST:PORT, else REDIAL_SERVER, else %s.
Who is asking:       --token-file FILE, else REDIAL_TOKEN, else the file that REDIAL_TOKEN_FILE names, else %s
                     when the server is on this machine. The first admin token is written there by dialerd.
How it is spoken to: over TLS, unless it is on this machine: --tls, --ca FILE, --cert FILE with --cert-key FILE; --plaintext.

A first round:
  dialerd --demo                                  a server with invented people (or: make run)
  dialctl campaign create spring --zone Asia/Shanghai --region CN
  dialctl import --campaign spring leads.csv
  dialctl agent add ann --campaign spring
  dialctl campaign start spring
  dialctl next --agent ann --wait 10s             then: start, record; or: dialctl agent run ann

dialctl help COMMAND tells more about one.
`

// help lists the commands, or tells of one or of a group.
func (c *cli) help(args []string) error {
	if len(args) > 1 {
		words := args[1:]
		if cmd, rest := find(words); cmd != nil && len(rest) == 0 && len(group(words[0])) == 1 {
			c.commandHelp(cmd)
			return nil
		} else if cmd != nil && strings.Contains(cmd.name, " ") {
			c.commandHelp(cmd)
			return nil
		}
		in := group(words[0])
		if len(in) == 0 || len(words) > 1 {
			return unknownCommand(words)
		}
		for i := range in {
			if i > 0 {
				fmt.Fprintln(c.stdout)
			}
			c.commandHelp(&in[i])
		}
		return nil
	}
	fmt.Fprint(c.stdout, helpHead)
	var rows [][]string
	for _, cmd := range commands {
		rows = append(rows, []string{"  " + cmd.name, cmd.short})
	}
	c.table(nil, rows)
	fmt.Fprintf(c.stdout, helpTail, config.Default().GRPC, adminTokenPath(c.env))
	return nil
}

// commandHelp tells of one command: its usage, its flags, and what comes next.
func (c *cli) commandHelp(cmd *command) {
	fmt.Fprintf(c.stdout, "Usage: dialctl %s\n\n%s\n", cmd.usage(), cmd.short)
	if cmd.raw != nil {
		_ = cmd.raw([]string{"--help"}, c.stdin, c.stdout, c.stderr)
		return
	}
	if cmd.long != "" {
		fmt.Fprintf(c.stdout, "\n%s\n", strings.TrimSpace(cmd.long))
	}
	fs := newFlags(cmd.name)
	cmd.bind(fs)
	var rows [][]string
	fs.VisitAll(func(f *flag.Flag) {
		arg, usage := flag.UnquoteUsage(f)
		rows = append(rows, []string{strings.TrimSpace("  --" + f.Name + " " + arg), usage})
	})
	if len(rows) > 0 {
		fmt.Fprintln(c.stdout)
		c.table(nil, rows)
	}
}
