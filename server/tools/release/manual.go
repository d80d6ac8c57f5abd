package main

import (
	"bytes"
	_ "embed"
	"strings"
	"text/template"
	"time"
)

//go:embed files/temoin.1
var manualText string

// manual returns the page of the manual, temoin(1).
func manual(commands []command, version string, at time.Time) []byte {
	return fill("temoin.1", manualText, map[string]any{"Commands": commands, "Version": version, "Day": at.Format("2006-01-02")})
}

// roff writes text so that troff prints it as it is: backslashes, dashes that a reader
// may copy, and points and quotes at the begin of a line.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`, "'", `\(aq`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

// single writes text for use within single quotes of a shell.
func single(text string) string { return strings.ReplaceAll(text, "'", `'\''`) }

// fishSingle does so for fish, where a backslash in quotes hides the next quote.
func fishSingle(text string) string {
	return strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text)
}

// zshText writes text for what _arguments and _describe read.
func zshText(text string) string {
	return single(strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(text))
}

// fill fills a template of this program's own, which is known to be whole.
func fill(name, text string, data any) []byte {
	functions := template.FuncMap{"roff": roff, "zsh": zshText, "fish": fishSingle}
	var filled bytes.Buffer
	if err := template.Must(template.New(name).Funcs(functions).Parse(text)).Execute(&filled, data); err != nil {
		panic(err)
	}
	return filled.Bytes()
}
