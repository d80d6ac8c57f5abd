package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// file is one that goes into an archive, a package or an image.
type file struct {
	name string // with slashes; one that ends with a slash is a folder
	mode fs.FileMode
	data []byte
	uid  int
}

// read returns a file of the source, under another name.
func read(source, name string, mode fs.FileMode) (file, error) {
	data, err := os.ReadFile(source)
	return file{name: name, mode: mode, data: data}, err
}

// tarOf returns the files as a tar. Each has the same time, and an owner by number
// alone.
func tarOf(files []file, at time.Time) ([]byte, error) {
	var data bytes.Buffer
	w := tar.NewWriter(&data)
	for _, f := range files {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: int64(f.mode), Size: int64(len(f.data)), Uid: f.uid, Gid: f.uid, ModTime: at}
		if strings.HasSuffix(f.name, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return data.Bytes(), err
}

// gzipped compresses without a name and a time.
func gzipped(data []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return packed.Bytes(), err
}

func targz(files []file, at time.Time) ([]byte, error) {
	data, err := tarOf(files, at)
	if err != nil {
		return nil, err
	}
	return gzipped(data)
}

func zipOf(files []file, at time.Time) ([]byte, error) {
	var data bytes.Buffer
	w := zip.NewWriter(&data)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestCompression) })
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: at}
		header.SetMode(f.mode)
		entry, err := w.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := entry.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return data.Bytes(), err
}

// archives makes one for each target: the program, what is written about it, and
// what a shell or man wants to know.
func (r *release) archives() error {
	shared, err := r.papers()
	if err != nil {
		return err
	}
	for _, t := range r.targets {
		program, err := read(r.program(t), t.executable(), 0o755)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("temoin_%s_%s", r.version, t)
		files := inFolder(name, append([]file{program}, shared...))
		pack, extension := targz, ".tar.gz"
		if t.os == "windows" {
			pack, extension = zipOf, ".zip"
		}
		data, err := pack(files, r.time)
		if err != nil {
			return err
		}
		if err := r.write(name+extension, data); err != nil {
			return err
		}
	}
	return nil
}

func inFolder(folder string, files []file) []file {
	moved := slices.Clone(files)
	for i := range moved {
		moved[i].name = path.Join(folder, moved[i].name)
	}
	return moved
}

// papers are what every archive holds beside the program, where the links of the
// READMEs look for it.
func (r *release) papers() ([]file, error) {
	sources := []string{"LICENSE", "web/notices.txt", "README.md", "README.fr.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md"}
	docs, err := output("git", "ls-files", "docs")
	if err != nil {
		return nil, err
	}
	var files []file
	for _, source := range append(sources, strings.Split(docs, "\n")...) {
		f, err := read(source, source, 0o644)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	files = append(files, file{name: "share/temoin.1", mode: 0o644, data: manual(r.help, r.version, r.time)})
	for shell, script := range completions(r.help) {
		files = append(files, file{name: "share/completion." + shell, mode: 0o644, data: script})
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// sums writes the SHA-256 of each file, as sha256sum -c reads them.
func (r *release) sums() error {
	var lines strings.Builder
	err := fs.WalkDir(os.DirFS(r.dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(r.dir, name))
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(data), name)
		return err
	})
	if err != nil {
		return err
	}
	return r.write("SHA256SUMS", []byte(lines.String()))
}
