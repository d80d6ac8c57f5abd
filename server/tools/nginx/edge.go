package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// filtering is an nginx that does with a site's page the least that could be called
// the same: it puts the tag into the head, and makes one host's addresses wait.
const filtering = `daemon off; worker_processes auto; pid DIR/pid; error_log DIR/error.log;
events {}
http {
  access_log off; keepalive_requests 1000000; proxy_buffers 16 64k; proxy_buffer_size 64k;
  client_body_temp_path DIR; proxy_temp_path DIR; fastcgi_temp_path DIR; uwsgi_temp_path DIR; scgi_temp_path DIR;
  upstream site { server UPSTREAM; keepalive 32; }
  server {
    listen ADDRESS;
    location / {
      proxy_pass http://site; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Accept-Encoding "";
      sub_filter_once off;
      sub_filter '<head>' '<head><script src="/temoin/temoin.js"></script>';
      sub_filter ' src="https://www.youtube.com/' ' data-consent="youtube" data-consent-src="https://www.youtube.com/';
    }
  }
}
`

// document is a page of some 200 kB, made of the pages of many generators, with a
// few tags that wait. What comes again in it is too far behind for gzip to see.
func document() ([]byte, error) {
	names, err := filepath.Glob("app/guard/testdata/pages/*.html")
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("no pages (%v); the bench runs at the top of the repository", err)
	}
	var all strings.Builder
	for _, name := range names {
		page, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all.Write(page)
	}
	text := strings.ReplaceAll(all.String(), "https://www.video.example/", "https://www.youtube.com/")
	return []byte(strings.Repeat(text, 1+200_000/len(text))), nil
}

// startSite serves the page, compressed where that is asked for.
func startSite() (*httptest.Server, error) {
	page, err := document()
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(page); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := page
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			body = packed.Bytes()
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.Write(body) // who measures may have left
	})), nil
}

// servePlain is a reverse proxy that changes nothing, until ctx is done.
func servePlain(ctx context.Context, upstream string) error {
	address, err := url.Parse(upstream)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression, transport.MaxIdleConnsPerHost = true, 64
	server := &http.Server{Handler: &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(address) }}}
	context.AfterFunc(ctx, func() { server.Close() })
	fmt.Printf("answers on http://%s\n", listener.Addr())
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// measureEdge prints, by turns, how fast a page comes through a plain reverse proxy,
// nginx's sub_filter and temoin proxy, and how much later than from the site.
func measureEdge(ctx context.Context, dir, program, catalogue string, rounds int) error {
	site, err := startSite()
	if err != nil {
		return err
	}
	defer site.Close()
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	plain, stopPlain, err := start(ctx, self, "-plain", site.URL)
	if err != nil {
		return err
	}
	defer stopPlain()
	nginx, stopNginx, err := startNginx(ctx, dir, strings.ReplaceAll(filtering, "UPSTREAM", site.Listener.Addr().String()))
	if err != nil {
		return err
	}
	defer stopNginx()
	temoin, stopTemoin, err := start(ctx, program, "proxy", "-addr", "127.0.0.1:0", "-upstream", site.URL, "-catalogue", catalogue, "-data", filepath.Join(dir, "data"), "-log", "warn")
	if err != nil {
		return err
	}
	defer stopTemoin()

	for _, encoding := range []string{"identity", "gzip"} {
		size, err := sizeOf(site.URL, encoding)
		if err != nil {
			return err
		}
		fmt.Printf("a page of %d kB, %s: MB/s on 8 connections, and ms on one, later than from the site\n", size/1000, encoding)
		for round := range rounds {
			var rates, delays []float64
			direct := measure(site.URL, encoding, 1).Latencies.P50
			for _, address := range []string{"http://" + plain, "http://" + nginx, "http://" + temoin} {
				one, many := measure(address, encoding, 1), measure(address, encoding, 8)
				if one.Success < 1 || many.Success < 1 {
					return fmt.Errorf("%s does not answer always: %v", address, many.StatusCodes)
				}
				rates = append(rates, many.Throughput*float64(size)/1e6) // of the site's own bytes
				delays = append(delays, (one.Latencies.P50-direct).Seconds()*1000)
			}
			fmt.Printf("round %d: plain %.0f MB/s +%.2f ms, sub_filter %.0f MB/s +%.2f ms, temoin %.0f MB/s +%.2f ms; temoin is %.2f of plain, %.2f of sub_filter\n",
				round+1, rates[0], delays[0], rates[1], delays[1], rates[2], delays[2], rates[2]/rates[0], rates[2]/rates[1])
		}
	}
	return nil
}

func sizeOf(address, encoding string) (int64, error) {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Accept-Encoding", encoding)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	return io.Copy(io.Discard, answer.Body)
}

// measure asks for the page for three seconds.
func measure(address, encoding string, clients uint64) vegeta.Metrics {
	target := vegeta.NewStaticTargeter(vegeta.Target{Method: http.MethodGet, URL: address + "/",
		Header: http.Header{"Accept-Encoding": {encoding}, "Accept": {"text/html"}, "Sec-Fetch-Dest": {"document"}}})
	attacker := vegeta.NewAttacker(vegeta.Workers(clients), vegeta.MaxWorkers(clients), vegeta.KeepAlive(true), vegeta.Connections(int(clients)),
		vegeta.Timeout(10*time.Second))
	var m vegeta.Metrics
	for result := range attacker.Attack(target, vegeta.Rate{}, 3*time.Second, "edge") {
		m.Add(result)
	}
	m.Close()
	return m
}
