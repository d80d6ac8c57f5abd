package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The browser's network service keeps a log of its own. It is the second source: what a page sends as
// it is left, for one, goes out when nobody tells of that page any more.

// netLogFile is where the log is, in the profile's folder.
func netLogFile(profile string) string { return filepath.Join(profile, "net-log.json") }

// logged is one request in the log.
type logged struct {
	url, method, initiator string
	at                     time.Time
}

// readNetLog returns the requests of pages that the log has, and none where it cannot be read. A log that breaks
// off, as that of a browser that was killed, is read as far as it goes.
func readNetLog(path string) []logged {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	lines := bufio.NewReaderSize(file, 1<<16)
	first, err := lines.ReadBytes('\n')
	if err != nil {
		return nil
	}
	var head struct {
		Constants struct {
			Types  map[string]int `json:"logEventTypes"`
			Offset json.Number    `json:"timeTickOffset"`
		} `json:"constants"`
	}
	first = append(bytes.TrimRight(first, ",\r\n"), '}')
	if json.Unmarshal(first, &head) != nil {
		return nil
	}
	offset, err := head.Constants.Offset.Int64()
	if err != nil {
		return nil
	}
	start, known := head.Constants.Types["URL_REQUEST_START_JOB"]
	if !known {
		return nil
	}
	var list []logged
	kind := []byte(`"type":` + strconv.Itoa(start))
	for {
		line, err := lines.ReadBytes('\n')
		if bytes.Contains(line, kind) {
			if one, ok := readLogged(line, start, offset); ok {
				list = append(list, one)
			}
		}
		if err != nil {
			return list
		}
	}
}

func readLogged(line []byte, start int, offset int64) (logged, bool) {
	var e struct {
		Type   int         `json:"type"`
		Time   json.Number `json:"time"`
		Params struct {
			URL       string `json:"url"`
			Method    string `json:"method"`
			Initiator string `json:"initiator"`
		} `json:"params"`
	}
	if json.Unmarshal(bytes.TrimRight(line, ",]\r\n "), &e) != nil {
		return logged{}, false
	}
	ticks, err := strconv.ParseInt(strings.Trim(string(e.Time), `"`), 10, 64)
	if err != nil || e.Type != start || !fetched(e.Params.URL) {
		return logged{}, false
	}
	// What the browser asks for itself has no origin.
	if e.Params.Initiator == "" || e.Params.Initiator == "not an origin" {
		return logged{}, false
	}
	return logged{e.Params.URL, e.Params.Method, e.Params.Initiator, time.UnixMilli(ticks + offset)}, true
}

// add takes in requests that the log has and no page told of.
func (r *recorder) add(list []logged) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := map[string]int{}
	for _, one := range r.requests {
		for _, h := range one.hops {
			if h.held {
				continue
			}
			seen[withoutFragment(h.url)]++
		}
	}
	for _, l := range list {
		address := withoutFragment(l.url)
		if seen[address] > 0 {
			seen[address]--
			continue
		}
		h := hop{at: l.at, url: l.url, request: Request{Method: l.method, Type: "Other", Page: r.pageAt(l.at)}}
		if origin := originOf(l.initiator); origin != originOf(h.request.Page) {
			h.request.Frame = l.initiator
		}
		r.extra = append(r.extra, h)
	}
}

// pageAt returns the page that was visited at that time.
func (r *recorder) pageAt(at time.Time) string {
	page := r.page
	for i := len(r.loads) - 1; i >= 0; i-- {
		page = r.loads[i].url
		if !r.loads[i].began.After(at) {
			break
		}
	}
	return page
}

func withoutFragment(address string) string {
	plain, _, _ := strings.Cut(address, "#")
	return plain
}
