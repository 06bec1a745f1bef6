package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"redial/campaign"
)

// command is one thing that dialctl does.
type command struct {
	name     string // its words, such as "campaign create"
	args     string // what follows the name, for people
	short    string // one line
	long     string // more below the usage: what it prints, examples, what comes next; empty: nothing
	min, max int    // how many arguments, flags apart; max -1: any number
	// bind declares the command's flags and answers what to do once they are read.
	bind func(fs *flag.FlagSet) action
	// raw is a command that reads its own flags and tells its own errors; it answers the exit code.
	raw func(args []string, stdin io.Reader, stdout, stderr io.Writer) int
}

type action func(ctx context.Context, c *cli, args []string) error

func (cmd *command) usage() string { return strings.TrimSpace(cmd.name + " " + cmd.args) }

// commands are all there are, in the order of the help.
var commands = func() []command {
	var all []command
	for _, group := range [][]command{
		campaignCommands, importCommands, syncCommands, listCommands, leadCommands, agentCommands, callCommands, callbackCommands,
		explainCommands, whyCommands, rulesCommands, forecastCommands, calendarCommands, consentCommands, suppressCommands, webhookCommands, eventCommands, auditLogCommands, privacyCommands, reportCommands, floorCommands, benchCommands, simulateCommands, lawCommands, backupCommands, tokenCommands, toolCommands,
	} {
		all = append(all, group...)
	}
	return all
}()

// find is the command with the most words at the front of args, and what follows them; nil: none.
func find(args []string) (*command, []string) {
	var best *command
	words := 0
	for i := range commands {
		name := strings.Fields(commands[i].name)
		if len(name) > words && len(args) >= len(name) && strings.Join(args[:len(name)], " ") == commands[i].name {
			best, words = &commands[i], len(name)
		}
	}
	return best, args[words:]
}

// group are the commands whose first word is word.
func group(word string) []command {
	var in []command
	for _, cmd := range commands {
		if first, _, _ := strings.Cut(cmd.name, " "); first == word {
			in = append(in, cmd)
		}
	}
	return in
}

func unknownCommand(args []string) error {
	if in := group(args[0]); len(in) > 0 {
		var names []string
		for _, cmd := range in {
			names = append(names, cmd.name)
		}
		if len(args) == 1 || strings.HasPrefix(args[1], "-") {
			return &usageError{message: fmt.Sprintf("%s what? There are:\n  %s", args[0], strings.Join(names, "\n  "))}
		}
		said := args[0] + " " + args[1]
		if near := nearest(said, names); near != "" {
			return &usageError{message: fmt.Sprintf("unknown command %q: did you mean %s?", said, near)}
		}
		return &usageError{message: fmt.Sprintf("unknown command %q. There are:\n  %s", said, strings.Join(names, "\n  "))}
	}
	var names []string
	for _, cmd := range commands {
		first, _, _ := strings.Cut(cmd.name, " ")
		names = append(names, first, cmd.name)
	}
	if near := nearest(strings.Join(args[:min(2, len(args))], " "), names); near != "" {
		return &usageError{message: fmt.Sprintf("unknown command %q: did you mean %s?", args[0], near)}
	}
	if near := nearest(args[0], names); near != "" {
		return &usageError{message: fmt.Sprintf("unknown command %q: did you mean %s?", args[0], near)}
	}
	return &usageError{message: fmt.Sprintf("unknown command %q", args[0])}
}

// execute reads the command's flags and does it.
func (c *cli) execute(ctx context.Context, cmd *command, args []string) error {
	fs := newFlags(cmd.name)
	c.bindGlobals(fs)
	do := cmd.bind(fs)
	rest, err := parse(fs, args)
	switch {
	case err != nil:
		if isHelp(err) {
			c.commandHelp(cmd)
			return nil
		}
		return &usageError{cmd, cmd.name + ": " + err.Error()}
	case len(rest) < cmd.min:
		return &usageError{cmd, fmt.Sprintf("%s: something is missing: %s", cmd.name, cmd.args)}
	case cmd.max >= 0 && len(rest) > cmd.max:
		return &usageError{cmd, fmt.Sprintf("%s: %q is not expected: put names with spaces between quotes", cmd.name, rest[cmd.max])}
	}
	if err := c.useZones(); err != nil {
		return err
	}
	err = do(ctx, c, rest)
	if usage, ok := err.(*usageError); ok && usage.cmd == nil { //nolint:errorlint // only the command's own, not one inside
		usage.cmd, usage.message = cmd, cmd.name+": "+usage.message
	}
	return err
}

// misused is an error of the command line that flags alone cannot show.
func misused(format string, args ...any) error {
	return &usageError{message: fmt.Sprintf(format, args...)}
}

// badInput is an error of what was given: a file, an address, a token.
func badInput(format string, args ...any) error {
	return &campaign.Error{Kind: campaign.KindInvalid, Message: fmt.Sprintf(format, args...)}
}
