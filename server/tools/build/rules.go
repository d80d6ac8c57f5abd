package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// consentFolder has the list of what temoin audit takes from npm: autoconsent, by which it answers
// banners that are not Témoin's.
const consentFolder = "server/audit/npm"

// rules packs autoconsent's program and rules into web/dist. Without npm, or where npm has them not,
// it says so and leaves them out: building needs Go alone, and the audit says what it is built without.
func rules() error {
	if err := fetchRules(); err != nil {
		fmt.Fprintln(os.Stderr, "server/tools/build: temoin audit is built without autoconsent's rules:", err)
		return nil
	}
	from := filepath.Join(consentFolder, "node_modules", "@duckduckgo", "autoconsent")
	for name, source := range map[string]string{"autoconsent.js.gz": "dist/autoconsent.playwright.js", "autoconsent.json.gz": "rules/rules.json"} {
		data, err := os.ReadFile(filepath.Join(from, source))
		if err != nil {
			return err
		}
		if err := packed(filepath.Join(dist, name), data, func(w io.Writer) io.WriteCloser {
			z, _ := gzip.NewWriterLevel(w, gzip.BestCompression) // the level is a valid one
			return z
		}); err != nil {
			return err
		}
	}
	return nil
}

// fetchRules has npm fetch what the list names, unless the same list has been fetched.
func fetchRules() error {
	list, err := os.ReadFile(filepath.Join(consentFolder, "package-lock.json"))
	if err != nil {
		return err
	}
	done := filepath.Join(consentFolder, "node_modules", "installed")
	if had, _ := os.ReadFile(done); slices.Equal(had, list) {
		return nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return err
	}
	fetch := exec.Command(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	fetch.Dir = consentFolder
	if said, err := fetch.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w: %.300s", err, said)
	}
	return os.WriteFile(done, list, 0o644)
}
