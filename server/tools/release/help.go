package main

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// command is one of the program's, as the program itself describes it: manual and
// completions are made of what it says, and so know what it knows.
type command struct {
	Name    string
	Args    string   // such as FILE, as the overview writes them
	Summary string   // one sentence
	Words   []string // commands of the command
	Text    string   // what -h says before the flags, "" where that is nothing of use
	Flags   []flagHelp
}

// flagHelp is a flag of a command.
type flagHelp struct {
	Name  string
	Value string // what it takes, "" for nothing
	Text  string
}

// Takes says what its value is: a file, a folder, something else, or "".
func (f flagHelp) Takes() string {
	switch f.Value {
	case "", "file", "folder":
		return f.Value
	}
	return "other"
}

// askProgram has a program explain itself.
func askProgram(program string) ([]command, error) {
	overview, err := ask(program, "help")
	if err != nil {
		return nil, err
	}
	commands := parseOverview(overview)
	if len(commands) == 0 {
		return nil, fmt.Errorf("%s help lists no commands", program)
	}
	for i := range commands {
		said, err := ask(program, commands[i].Name, "-h")
		if err != nil {
			return nil, err
		}
		commands[i].describe(said)
	}
	return commands, nil
}

// versionOf returns the number that a program says it has.
func versionOf(program string) (string, error) {
	said, err := ask(program, "version")
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(said, "\n")
	number, found := strings.CutPrefix(line, "temoin ")
	if !found {
		return "", fmt.Errorf("%s version begins with %q", program, line)
	}
	return number, nil
}

// ask returns what the program prints when it is asked for help, which it
// may end with 1.
func ask(program string, args ...string) (string, error) {
	said, err := exec.Command(program, args...).CombinedOutput()
	if len(said) == 0 {
		return "", fmt.Errorf("%s %s says nothing (%w)", program, strings.Join(args, " "), err)
	}
	return string(said), nil
}

var overviewLine = regexp.MustCompile(`^  temoin (\S+)(?: (\S+(?: \S+)*))?  +(\S.*)$`)

// parseOverview reads the list of commands; a line that names none goes on with the
// one before.
func parseOverview(text string) (commands []command) {
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if found := overviewLine.FindStringSubmatch(line); found != nil {
			commands = append(commands, command{Name: found[1], Args: found[2], Summary: found[3]})
		} else if len(commands) > 0 && strings.HasPrefix(line, "      ") {
			commands[len(commands)-1].Summary += " " + strings.TrimSpace(line)
		}
	}
	return commands
}

var flagLine = regexp.MustCompile(`^  -(\S+)(?: (.+))?$`)

// describe reads what -h says: perhaps a text, then the flags, as package flag
// prints them.
func (c *command) describe(said string) {
	var text strings.Builder
	for line := range strings.Lines(said) {
		found := flagLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		switch {
		case found != nil:
			c.Flags = append(c.Flags, flagHelp{Name: found[1], Value: found[2]})
		case len(c.Flags) == 0:
			text.WriteString(line)
		default:
			last := &c.Flags[len(c.Flags)-1]
			last.Text = strings.TrimSpace(last.Text + " " + strings.TrimSpace(line))
		}
	}
	c.Text = strings.TrimSpace(text.String())
	if strings.HasPrefix(c.Text, "Usage of ") {
		c.Text = ""
	}
	word := regexp.MustCompile(`(?m)^  temoin ` + c.Name + ` ([a-z-]+)`)
	for _, found := range word.FindAllStringSubmatch(c.Text, -1) {
		c.Words = append(c.Words, found[1])
	}
}
