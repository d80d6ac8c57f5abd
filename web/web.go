// Package web holds what a page loads: the loader, styles and texts, embedded in
// the server. What is built from them lies in dist.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

//go:embed texts
var texts embed.FS

//go:embed presets
var presets embed.FS

//go:embed admin
var admin embed.FS

// Notices are the licences of the works that the program is built with.
//
//go:embed notices.txt
var Notices []byte

// Declarations are the TypeScript declarations of what a page finds: the object
// window.temoin and the events.
//
//go:embed temoin.d.ts
var Declarations []byte

// CharterPage is the html/template around the charter's content.
//
//go:embed charter.html
var CharterPage string

// Dist returns what ./build.sh build made: app.wasm, runtime.js, later.js, the
// loaders and the minified style sheets.
func Dist() fs.FS { return sub(dist, "dist") }

// Texts returns the wordings, one file per language.
func Texts() fs.FS { return sub(texts, "texts") }

// Presets returns ready entries of a catalogue, one file per service.
func Presets() fs.FS { return sub(presets, "presets") }

// Admin returns the dashboard: templates, texts and style.
func Admin() fs.FS { return sub(admin, "admin") }

func sub(files embed.FS, folder string) fs.FS {
	dir, err := fs.Sub(files, folder)
	if err != nil {
		panic(err) // the folder's name is a constant of this file
	}
	return dir
}
