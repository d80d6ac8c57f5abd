//go:build !js

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/term"

	"temoin.example/temoin/server/catalogue"
)

// initialize writes a first catalogue. At a terminal it asks for what no flag says.
func initialize(_ context.Context, args []string, stdout, stderr io.Writer) error {
	var questions io.Reader
	if term.IsTerminal(int(os.Stdin.Fd())) {
		questions = os.Stdin
	}
	return writeFirst(args, questions, stdout, stderr)
}

// writeFirst writes a first catalogue. What no flag says is read from answers, or
// missing where that is nil.
func writeFirst(args []string, answers io.Reader, stdout, stderr io.Writer) error {
	var name, url, languages, presets, out string
	flags := newFlags("init", stderr)
	flags.StringVar(&name, "name", "", "`name` of the site, as its visitors know it")
	flags.StringVar(&url, "url", "", "`address` of the site: https://, the host, nothing else")
	flags.StringVar(&languages, "languages", "", "`codes` of the languages that the site asks in, with commas between, the default one first (default fr)")
	flags.StringVar(&presets, "presets", "", "`names` of the services to begin with, with commas between, such as youtube,matomo")
	flags.StringVar(&out, "out", "catalogue.yaml", "`file` to write; one that is there stays as it is")
	words, err := parse(flags, args)
	if err != nil {
		return err
	}
	if len(words) > 0 {
		return fmt.Errorf("init takes flags only, not %q", words[0])
	}
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s is there already, and stays as it is; name another with -out FILE", out)
	}
	if answers != nil {
		in := bufio.NewReader(answers)
		ask(in, stdout, &name, "Name of the site, as its visitors know it: ")
		ask(in, stdout, &url, "Address of the site, such as https://data.example.org: ")
		ask(in, stdout, &languages, "Languages, the default one first [fr]: ")
		ask(in, stdout, &presets, "Services to begin with, such as youtube,matomo [none]: ")
	}
	if name == "" || url == "" {
		return errors.New(`init needs -name and -url: temoin init -name "My site" -url https://www.example.org`)
	}
	if languages == "" {
		languages = "fr"
	}
	text, err := catalogue.First{Name: name, URL: url, Languages: list(languages), Presets: list(presets)}.Write()
	if err != nil {
		return err
	}
	if err := writeNew(out, text); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s is written; next: temoin check %[1]s, then temoin serve -catalogue %[1]s\n", out)
	return nil
}

// ask reads an answer into value, where that has none yet.
func ask(in *bufio.Reader, out io.Writer, value *string, question string) {
	if *value != "" {
		return
	}
	fmt.Fprint(out, question)
	line, _ := in.ReadString('\n') // what is missing at the end is found missing
	*value = strings.TrimSpace(line)
}

// list returns the words of a list with commas or spaces between.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// writeNew writes a file that is not there yet.
func writeNew(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and stays as it is", path)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}
