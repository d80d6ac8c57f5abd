package main

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers itself
	nfpmfiles "github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm" // registers itself
)

//go:embed files
var packaging embed.FS

// packages makes a package for Debian and one for RPM, of each of Linux's targets.
func (r *release) packages() error {
	if err := r.stage(); err != nil {
		return err
	}
	for _, t := range r.linux() {
		for _, format := range []string{"deb", "rpm"} {
			if err := r.pack(t, format); err != nil {
				return fmt.Errorf("%s for %s: %w", format, t, err)
			}
		}
	}
	return nil
}

func (r *release) pack(t target, format string) error {
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	info := nfpm.WithDefaults(r.info(t, format))
	if err := nfpm.PrepareForPackager(info, format); err != nil {
		return err
	}
	var data bytes.Buffer
	if err := packager.Package(info, &data); err != nil {
		return err
	}
	return r.write(packager.ConventionalFileName(info), data.Bytes())
}

const description = `self-hosted cookie banner for public sites
Témoin asks the visitors of a site which cookies they allow, in 32 languages.
It holds back what needs their consent, and keeps signed proofs of what they
answered. One program serves the banner, the cookie charter and the receipts.`

func (r *release) info(t target, format string) *nfpm.Info {
	info := &nfpm.Info{
		Name: "temoin", Arch: t.arch, Platform: t.os, Version: r.version, Release: "1",
		Section: "web", Priority: "optional", Maintainer: r.maintainer, Vendor: "Témoin",
		Description: description, License: "MIT", MTime: r.time, DisableGlobbing: true,
	}
	info.Contents = r.contents(t)
	info.Scripts = nfpm.Scripts{PostInstall: r.staged(format + ".postinst"), PreRemove: r.staged(format + ".prerm"), PostRemove: r.staged(format + ".postrm")}
	info.RPM.BuildHost, info.RPM.Group = "localhost", "Applications/Internet"
	switch format {
	case "deb":
		info.Depends = []string{"systemd | systemd-standalone-sysusers | systemd-sysusers"}
		info.Recommends, info.Suggests = []string{"ca-certificates"}, []string{"chromium"} // for temoin audit
	case "rpm":
		info.Depends = []string{"/usr/bin/systemd-sysusers"}
		info.Recommends = []string{"ca-certificates"}
		// The first line is the summary.
		info.RPM.Summary, info.Description, _ = strings.Cut(description, "\n")
	}
	return info
}

// contents lists what is installed, and where.
func (r *release) contents(t target) nfpmfiles.Contents {
	file := func(source, path string, mode fs.FileMode) *nfpmfiles.Content {
		return &nfpmfiles.Content{Source: source, Destination: path, FileInfo: &nfpmfiles.ContentFileInfo{Owner: "root", Group: "root", Mode: mode, MTime: r.time}}
	}
	settings := func(source, path string) *nfpmfiles.Content {
		c := file(r.staged(source), path, 0o644)
		c.Type = nfpmfiles.TypeConfigNoReplace
		return c
	}
	debian := func(c *nfpmfiles.Content) *nfpmfiles.Content { c.Packager = "deb"; return c }
	return nfpmfiles.Contents{
		file(r.program(t), "/usr/bin/temoin", 0o755),
		{Destination: "/etc/temoin", Type: nfpmfiles.TypeDir, FileInfo: &nfpmfiles.ContentFileInfo{Owner: "root", Group: "root", Mode: 0o755, MTime: r.time}},
		settings("default", "/etc/default/temoin"),
		settings("default-audit", "/etc/default/temoin-audit"),
		file(r.staged("temoin.service"), "/usr/lib/systemd/system/temoin.service", 0o644),
		file(r.staged("temoin-audit.service"), "/usr/lib/systemd/system/temoin-audit.service", 0o644),
		file(r.staged("sysusers.conf"), "/usr/lib/sysusers.d/temoin.conf", 0o644),
		file(r.staged("temoin.1.gz"), "/usr/share/man/man1/temoin.1.gz", 0o644),
		file(r.staged("completion.bash"), "/usr/share/bash-completion/completions/temoin", 0o644),
		file(r.staged("completion.zsh"), "/usr/share/zsh/vendor-completions/_temoin", 0o644),
		file(r.staged("completion.fish"), "/usr/share/fish/vendor_completions.d/temoin.fish", 0o644),
		file(r.staged("copyright"), "/usr/share/doc/temoin/copyright", 0o644),
		file("web/notices.txt", "/usr/share/doc/temoin/notices.txt", 0o644),
		file(r.staged("changelog.gz"), "/usr/share/doc/temoin/changelog.gz", 0o644),
		debian(file(r.staged("changelog.Debian.gz"), "/usr/share/doc/temoin/changelog.Debian.gz", 0o644)),
		debian(file(r.staged("lintian-overrides"), "/usr/share/lintian/overrides/temoin", 0o644)),
	}
}

// staged is the path of a file that a package is made of.
func (r *release) staged(name string) string { return filepath.Join(r.scratch, "package", name) }

// stage writes the files that packages are made of: those that lie here, and those
// that are made of the program's help, the changelog and the licences.
func (r *release) stage() error {
	files := map[string][]byte{}
	entries, err := packaging.ReadDir("files")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if files[entry.Name()], err = packaging.ReadFile("files/" + entry.Name()); err != nil {
			return err
		}
	}
	for shell, script := range completions(r.help) {
		files["completion."+shell] = script
	}
	for name := range units {
		if files[name], err = unit(name); err != nil {
			return err
		}
	}
	if files["copyright"], err = copyright(); err != nil {
		return err
	}
	changes, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"temoin.1": manual(r.help, r.version, r.time), "changelog": changes, "changelog.Debian": r.debianChangelog(),
	} {
		if files[name+".gz"], err = gzipped(text); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(r.staged(""), 0o755); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(r.staged(name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// units are the services of docs/recipes that packages install, with what is said there
// in other words: the server has a user of its own that stays, so that somebody can act
// as that user.
var units = map[string][][2]string{
	"temoin.service": {
		{"\nDynamicUser=yes\n", "\nUser=temoin\nEnvironmentFile=-/etc/default/temoin\n"},
		{": as /etc/systemd/system/temoin.service. ", ". "},
	},
	"temoin-audit.service": {
		{"\nUser=temoin-audit\n", "\nUser=temoin-audit\nEnvironmentFile=-/etc/default/temoin-audit\n"},
		{": as /etc/systemd/system/temoin-audit.service.", "."},
		{" (useradd --system temoin-audit)", ""},
	},
}

// unit returns a service as packages install it: with the program where packages have
// theirs.
func unit(name string) ([]byte, error) {
	text, err := os.ReadFile("docs/recipes/" + name)
	if err != nil {
		return nil, err
	}
	for _, change := range append(units[name], [2]string{"/usr/local/bin/", "/usr/bin/"}) {
		if !bytes.Contains(text, []byte(change[0])) {
			return nil, fmt.Errorf("docs/recipes/%s has no %q", name, change[0])
		}
		text = bytes.ReplaceAll(text, []byte(change[0]), []byte(change[1]))
	}
	return text, nil
}

// copyright returns the licence, and says where those are of what the program is
// built with.
func copyright() ([]byte, error) {
	licence, err := os.ReadFile("LICENSE")
	return append(licence, "\nThe licences of the works that it is built with are in notices.txt, beside this file.\n"...), err
}

func (r *release) debianChangelog() []byte {
	version := strings.Replace(r.version, "-", "~", 1) + "-1"
	return fmt.Appendf(nil, "temoin (%s) unstable; urgency=medium\n\n  * See changelog.gz.\n\n -- %s  %s\n",
		version, r.maintainer, r.time.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
}
