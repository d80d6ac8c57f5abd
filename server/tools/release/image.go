package main

import (
	"bytes"
	"encoding/pem"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// nobody is whom the image runs as; no image or host gives that number to a person.
const nobody = 65532

// image writes an OCI image for both platforms of Linux, as a layout in a tar:
// the program, the authorities that it trusts, and nothing else, so no shell.
func (r *release) image() error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, t := range r.linux() {
		image, err := r.imageFor(t)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: t.os, Architecture: t.arch}},
		})
	}
	dir := filepath.Join(r.scratch, "image")
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": r.version})); err != nil {
		return err
	}
	data, err := r.tarOfFolder(dir)
	if err != nil {
		return err
	}
	return r.write("temoin_"+r.version+"_oci.tar", data)
}

func (r *release) imageFor(t target) (v1.Image, error) {
	files, err := r.imageFiles(t)
	if err != nil {
		return nil, err
	}
	data, err := tarOf(files, r.time)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.Append(base, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: r.time}, CreatedBy: "temoin " + r.version}})
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(image, r.imageConfig(t, image))
}

func (r *release) imageConfig(t target, image v1.Image) *v1.ConfigFile {
	config, err := image.ConfigFile()
	if err != nil {
		panic(err) // it was made above, of a layer that is there
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = t.os, t.arch, v1.Time{Time: r.time}
	config.Config = v1.Config{
		User:       "65532:65532",
		Entrypoint: []string{"/usr/bin/temoin"},
		Cmd:        []string{"serve"},
		Env: []string{
			"PATH=/usr/bin",
			"TEMOIN_ADDR=:8080",
			"TEMOIN_CATALOGUE=/etc/temoin/catalogue.yaml",
			"TEMOIN_DATA=/var/lib/temoin",
		},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Volumes:      map[string]struct{}{"/var/lib/temoin": {}},
		WorkingDir:   "/",
		StopSignal:   "SIGTERM",
		Labels: map[string]string{
			"org.opencontainers.image.title":    "Témoin",
			"org.opencontainers.image.version":  r.version,
			"org.opencontainers.image.revision": r.commit,
			"org.opencontainers.image.licenses": "MIT",
		},
	}
	return config
}

func (r *release) imageFiles(t target) ([]file, error) {
	program, err := read(r.program(t), "usr/bin/temoin", 0o755)
	if err != nil {
		return nil, err
	}
	files := []file{
		{name: "etc/", mode: 0o755},
		{name: "etc/passwd", mode: 0o644, data: []byte("temoin:x:65532:65532:Témoin:/var/lib/temoin:/sbin/nologin\n")},
		{name: "etc/group", mode: 0o644, data: []byte("temoin:x:65532:\n")},
		{name: "etc/ssl/", mode: 0o755},
		{name: "etc/ssl/certs/", mode: 0o755},
		{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, data: authorities()},
		{name: "etc/temoin/", mode: 0o755},
		{name: "tmp/", mode: 0o777 | 0o1000},
		{name: "usr/", mode: 0o755},
		{name: "usr/bin/", mode: 0o755},
		program,
		{name: "usr/share/", mode: 0o755},
		{name: "usr/share/doc/", mode: 0o755},
		{name: "usr/share/doc/temoin/", mode: 0o755},
	}
	for _, source := range []string{"LICENSE", "web/notices.txt"} {
		f, err := read(source, "usr/share/doc/temoin/"+filepath.Base(source), 0o644)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return append(files,
		file{name: "var/", mode: 0o755},
		file{name: "var/lib/", mode: 0o755},
		file{name: "var/lib/temoin/", mode: 0o700, uid: nobody}), nil
}

// authorities are those that browsers trust, for -autocert and for a database that
// is reached by TLS. Those that are trusted under a condition are left out, since a
// file of certificates cannot say it.
func authorities() []byte {
	var file bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			pem.Encode(&file, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes all
		}
	}
	return file.Bytes()
}

// tarOfFolder returns a folder's files as a tar, in the order of their names.
func (r *release) tarOfFolder(dir string) ([]byte, error) {
	var files []file
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if entry.IsDir() {
			files = append(files, file{name: name + "/", mode: 0o755})
			return nil
		}
		f, err := read(filepath.Join(dir, name), name, 0o644)
		files = append(files, f)
		return err
	})
	if err != nil {
		return nil, err
	}
	return tarOf(files, r.time)
}
