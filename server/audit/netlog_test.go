package audit

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const netLog = `{"constants":{"logEventTypes":{"URL_REQUEST_START_JOB":7,"SOCKET":8},"timeTickOffset":"1000"},
"events": [
{"params":{"url":"https://www.site.example/seen","method":"GET","initiator":"https://www.site.example"},"phase":1,"source":{"id":1,"type":1},"time":"5","type":7},
{"params":{"url":"https://ads.example/last?id=1","method":"POST","initiator":"https://www.site.example"},"phase":1,"source":{"id":2,"type":1},"time":"6","type":7},
{"params":{"url":"https://update.example/","method":"GET","initiator":"not an origin"},"phase":1,"source":{"id":3,"type":1},"time":"7","type":7},
{"params":{"url":"https://ads.example/socket"},"phase":1,"source":{"id":4,"type":1},"time":"8","type":8},
`

// TestReadNetLog: the log tells of what no page did, and of nothing that the browser asks for itself.
func TestReadNetLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for name, text := range map[string]string{"broken off": netLog, "whole": netLog + `{"time":"9","type":8}]}` + "\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		list := readNetLog(path)
		if len(list) != 2 || list[1].url != "https://ads.example/last?id=1" || list[1].method != "POST" || list[1].at.UnixMilli() != 1006 {
			t.Errorf("%s: got %+v", name, list)
		}
		r := told(t)
		asks(r, "1", "https://www.site.example/seen", nil)
		r.add(list)
		requests := r.sentRequests()
		if len(requests) != 2 || !slices.ContainsFunc(requests, func(r Request) bool {
			return r.URL == "https://ads.example/last?id" && r.ThirdParty && r.Page == "https://www.site.example/"
		}) {
			t.Errorf("%s: got %+v", name, requests)
		}
	}
	if list := readNetLog(filepath.Join(t.TempDir(), "none")); list != nil {
		t.Errorf("got %v of no log", list)
	}
}
