// Package demo is the demo: an open-data portal of an imaginary metropolis, in
// which a visitor meets the banner, and the catalogues that it is shown with.
package demo

import (
	"embed"
	"io/fs"
)

//go:embed files
var files embed.FS

// Catalogue is the catalogue of the portal with its four necessary cookies.
//
//go:embed catalogue.yaml
var Catalogue []byte

// Folder returns the portal: templates, content and style.
func Folder() fs.FS {
	dir, err := fs.Sub(files, "files")
	if err != nil {
		panic(err) // the folder's name is a constant of this file
	}
	return dir
}
