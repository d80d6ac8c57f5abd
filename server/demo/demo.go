// Package demo is the demo: an open-data portal of an imaginary metropolis, in
// which a visitor meets the banner; a page to try other looks and languages of it;
// a page that is measured beside other banners; and the catalogues that all of it
// is shown with. A site's own server has none of it: see "temoin demo".
package demo

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server"
	"temoin.example/temoin/server/site"
)

//go:embed files
var files embed.FS

// Catalogue is the catalogue of the portal where it asks for something. Beside it
// lies catalogue.yaml, of the portal with its four necessary cookies alone.
//
//go:embed rich.yaml
var Catalogue []byte

// Demo answers the pages of the demo on a server.
type Demo struct {
	server *server.Server
	trials trials
}

// Pages returns what answers the demo's pages: see [server.Config].
func Pages(s *server.Server) (http.Handler, error) {
	folder, err := fs.Sub(files, "files")
	if err != nil {
		return nil, err
	}
	portal, err := newPortal(folder)
	if err != nil {
		return nil, err
	}
	d := &Demo{server: s}
	portal.offer = d.offer
	mux := http.NewServeMux()
	mux.Handle("/", portal)
	for _, path := range framePaths {
		mux.Handle(path, framed(portal))
	}
	for _, name := range assets {
		body, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read portal file: %w", err)
		}
		mux.Handle("/demo/"+name, s.File(site.NewAsset(name, "no-cache", body)))
	}
	mux.HandleFunc(trialPath, d.getLoader)
	// A loader leads to the charter beside it; a trial's is the site's own.
	mux.HandleFunc(trialPage+consent.CharterPath+"/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.TrimPrefix(r.URL.Path, trialPage), http.StatusFound)
	})
	mux.HandleFunc(trialParts+"catalogue.json", d.getCatalogue)
	mux.HandleFunc(trialParts+"{name}", d.getPart)
	return mux, nil
}

// framed lets the portal's own pages show in a frame what next answers.
func framed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const header = "Content-Security-Policy"
		w.Header().Set(header, strings.Replace(w.Header().Get(header), "frame-ancestors 'none'", "frame-ancestors 'self'", 1))
		next.ServeHTTP(w, r)
	})
}
