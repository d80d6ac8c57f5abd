package plants

import (
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"temoin.example/temoin/server"
)

// Web is all that the sites and those whom they call serve, at one address of this machine.
type Web struct {
	listening *httptest.Server
	folder    string // of the catalogues
	temoin    []*server.Server
	sites     map[string]http.Handler // by host
	files     map[string]string       // by path

	mutex   sync.Mutex
	arrived map[string]int // requests, by host
}

// Open serves the sites until [Web.Close].
func Open(sites ...Site) (*Web, error) {
	folder, err := os.MkdirTemp("", "temoin-plants-")
	if err != nil {
		return nil, err
	}
	w := &Web{folder: folder, sites: map[string]http.Handler{}, files: map[string]string{}, arrived: map[string]int{}}
	for _, site := range sites {
		if err := w.add(site.prepared()); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	w.listening = httptest.NewUnstartedServer(http.HandlerFunc(w.answer))
	w.listening.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // a browser that goes away
	w.listening.StartTLS()
	return w, nil
}

// add serves a site, with its own Témoin where it has services.
func (w *Web) add(site Site) error {
	for _, plant := range site.Plants {
		maps.Copy(w.files, plant.Files)
	}
	pages := site.pages()
	w.sites[site.Host] = pages
	if len(site.Services) == 0 {
		return nil
	}
	file := w.CatalogueFile(site)
	if err := os.WriteFile(file, []byte(site.Catalogue()), 0o600); err != nil {
		return err
	}
	temoin, err := server.New(server.Config{Catalogue: file, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("serve %s: %w", site.Host, err)
	}
	w.temoin = append(w.temoin, temoin)
	pages.Handle("/", temoin) // what is not a page of the site's, whose pages have headers of their own
	return nil
}

// Close stops serving.
func (w *Web) Close() error {
	if w.listening != nil {
		w.listening.CloseClientConnections() // event streams and sockets last
		w.listening.Close()
	}
	var errs []error
	for _, temoin := range w.temoin {
		errs = append(errs, temoin.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(w.folder))...)
}

// Rules have a browser find every host here.
func (w *Web) Rules() string { return "MAP * " + w.listening.Listener.Addr().String() }

// CatalogueFile is where a site's catalogue is.
func (w *Web) CatalogueFile(site Site) string { return filepath.Join(w.folder, site.Host+".yaml") }

// Arrived tells how many requests have come for a host. A host that is only connected to has none.
func (w *Web) Arrived(host string) int {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.arrived[host]
}

// Strangers returns the hosts that were asked for something and that no page here names: a browser itself asks them.
func (w *Web) Strangers() []string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var hosts []string
	for host := range w.arrived {
		if _, found := w.sites[host]; !found && !strings.HasSuffix(host, ".test") {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// answer serves what every host has, before what a site has.
func (w *Web) answer(out http.ResponseWriter, r *http.Request) {
	w.mutex.Lock()
	w.arrived[r.Host]++
	w.mutex.Unlock()
	out.Header().Set("Cache-Control", "no-store")
	query, err := url.ParseQuery(strings.ReplaceAll(r.URL.RawQuery, ";", "%3B")) // of a cookie's line; Go takes none as they are
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	if line := query.Get("set"); line != "" {
		out.Header().Set("Set-Cookie", line)
	}
	if text, found := w.files[r.URL.Path]; found {
		writeFile(out, r.URL.Path, text)
		return
	}
	switch name := path.Base(r.URL.Path); name {
	case "lead":
		out.Header().Set("Location", query.Get("to"))
		out.WriteHeader(http.StatusFound)
	case "events":
		stream(out, r)
	case "socket":
		openSocket(out, r)
	default:
		if text, found := parts[name]; found {
			out.Header().Set("Access-Control-Allow-Origin", "*")
			out.Header().Set("Access-Control-Allow-Headers", "*")
			out.Header().Set("Access-Control-Allow-Methods", "*")
			writeFile(out, name, text)
			return
		}
		if site, found := w.sites[r.Host]; found {
			site.ServeHTTP(out, r)
			return
		}
		http.NotFound(out, r)
	}
}

// parts are files that every host has in every folder.
var parts = map[string]string{
	"p.gif":   "GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;",
	"p.html":  "<!doctype html><link rel=icon href=data:,><title>frame</title>",
	"p.json":  "{}",
	"p.js":    "",
	"p.css":   "",
	"p.woff2": "",
	"p.mp4":   "",
	"p.mp3":   "",
}

var types = map[string]string{
	".gif": "image/gif", ".html": "text/html; charset=utf-8", ".json": "application/json", ".js": "text/javascript",
	".css": "text/css", ".woff2": "font/woff2", ".mp4": "video/mp4", ".mp3": "audio/mpeg",
}

func writeFile(out http.ResponseWriter, name, text string) {
	out.Header().Set("Content-Type", types[path.Ext(name)])
	io.WriteString(out, text) //nolint:errcheck // the browser has gone
}

// stream sends one event, and then none for as long as the browser listens.
func stream(out http.ResponseWriter, r *http.Request) {
	out.Header().Set("Access-Control-Allow-Origin", "*")
	out.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(out, "data: x\n\n") //nolint:errcheck // the browser has gone
	if flusher, ok := out.(http.Flusher); ok {
		flusher.Flush()
	}
	<-r.Context().Done()
}

// openSocket shakes hands as RFC 6455, section 1.3, has it, and says nothing.
func openSocket(out http.ResponseWriter, r *http.Request) {
	connection, buffered, err := http.NewResponseController(out).Hijack()
	if err != nil {
		http.Error(out, "no socket", http.StatusBadRequest)
		return
	}
	defer connection.Close()
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	io.Copy(io.Discard, buffered) //nolint:errcheck // until the browser goes
}

// pages answers with the site's pages.
func (s Site) pages() *http.ServeMux {
	paths := map[string]bool{"/": true}
	for _, plant := range s.Plants {
		paths[plant.Page] = true
	}
	names := slices.Sorted(maps.Keys(paths))
	mux := http.NewServeMux()
	for _, name := range names {
		pattern := name
		if pattern == "/" {
			pattern = "/{$}"
		}
		mux.HandleFunc(pattern, func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Type", types[".html"])
			for _, plant := range s.Plants {
				if plant.Page == name && plant.Policy != "" {
					out.Header().Add("Content-Security-Policy-Report-Only", plant.Policy)
				}
			}
			io.WriteString(out, s.page(name, names)) //nolint:errcheck // the browser has gone
		})
	}
	return mux
}

// page returns the page at a path, with links to the others.
func (s Site) page(name string, others []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html><html lang=\"fr\"><head><meta charset=\"utf-8\"><link rel=\"icon\" href=\"data:,\">%s<title>%s</title></head><body>\n", s.Head, s.Host)
	for _, other := range others {
		fmt.Fprintf(&b, "<a href=\"%s\">%s</a>\n", other, other)
	}
	for _, plant := range s.Plants {
		if plant.Page == name {
			fmt.Fprintf(&b, "<div>%s</div>\n", plant.Markup)
		}
	}
	b.WriteString("<div style=\"height:6100px\"></div></body></html>")
	return b.String()
}
