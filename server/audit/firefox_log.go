package audit

import (
	"bufio"
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Firefox's own log is the second source: BiDi does not tell what shared workers and service workers ask
// for, nor of reports that a page's policy has sent. The log has two parts. One says who asks for what,
// before it is decided whether that may be; the other what was sent to a server.

// firefoxLogs are what is logged: who asks, with all of it, and what is sent.
const firefoxLogs = "timestamp,sync,CSMLog:5,nsHttp:1"

// firefoxLogFile is where the log is, in the profile's folder, of each process in a file of its own: one that
// Firefox leaves behind to clear up would begin the browser's anew.
func firefoxLogFile(profile string) string { return filepath.Join(profile, "temoin-%PID") }

// firefoxLogFiles finds them: Firefox adds to the name.
func firefoxLogFiles(profile string) []string {
	files, err := filepath.Glob(filepath.Join(profile, "temoin-*.moz_log*"))
	if err != nil {
		return nil // a folder that is no pattern
	}
	return files
}

// logLine is a line of the log of the browser's own process: its time, its part and what it says.
var logLine = regexp.MustCompile(`^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}) UTC - \[Parent [^\]]*\]: \w/(CSMLog|nsHttp) ?(.*)$`)

const logTime = "2006-01-02 15:04:05.000000"

// sentHead is the start of a request that was sent.
type sentHead struct{ method, target, host string }

// firefoxLog is the log as it is read.
type firefoxLog struct {
	asking  *logged // whom the part that is read tells of; nil between parts
	asked   []logged
	sending *sentHead
	sent    map[sentHead]int
}

// readFirefoxLogs returns the requests of pages that the logs have, and none where they cannot be read. A log that breaks
// off, as that of a browser that was killed, is read as far as it goes.
func readFirefoxLogs(paths []string) []logged {
	all := firefoxLog{sent: map[sentHead]int{}}
	for _, path := range paths {
		all.read(path)
	}
	return all.left()
}

func (all *firefoxLog) read(path string) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	lines := bufio.NewReaderSize(file, 1<<16)
	for {
		line, err := lines.ReadBytes('\n')
		if found := logLine.FindSubmatch(bytes.TrimRight(line, "\r\n")); found != nil {
			all.take(string(found[1]), string(found[2]), string(found[3]))
		}
		if err != nil {
			return
		}
	}
}

// take takes in a line.
func (all *firefoxLog) take(at, part, text string) {
	switch part {
	case "CSMLog":
		all.takeAsked(at, strings.TrimSpace(text))
	case "nsHttp":
		all.takeSent(text)
	}
}

// takeAsked takes in a line of who asks for what.
func (all *firefoxLog) takeAsked(at, text string) {
	name, value, _ := strings.Cut(text, ": ")
	value = strings.Trim(value, `"`)
	switch {
	case text == "doContentSecurityCheck:":
		when, err := time.Parse(logTime, at)
		if err != nil {
			when = time.Time{}
		}
		all.asking = &logged{method: "GET", at: when}
	case all.asking == nil:
	case name == "channelURI":
		all.asking.url = value
	case name == "httpMethod":
		all.asking.method = value
	case name == "triggeringPrincipal":
		all.asking.initiator = value
		// What the browser asks for itself is its own principal's.
		if fetched(all.asking.url) && !all.asking.at.IsZero() && originOf(value) != "" {
			all.asked = append(all.asked, *all.asking)
		}
		all.asking = nil
	}
}

// takeSent takes in a line of what is sent.
func (all *firefoxLog) takeSent(text string) {
	switch {
	case text == "http request [":
		all.sending = &sentHead{}
	case all.sending == nil:
	case strings.HasPrefix(text, "]"):
		all.sending = nil
	case all.sending.method == "":
		if words := strings.Fields(text); len(words) == 3 {
			all.sending.method, all.sending.target = words[0], words[1]
		}
	default:
		if name, value, _ := strings.Cut(strings.TrimSpace(text), ": "); strings.EqualFold(name, "host") {
			all.sending.host = value
			all.sent[*all.sending]++
			all.sending = nil
		}
	}
}

// left returns what was asked for, and was sent: what the page's own policy kept in offends nobody.
func (all *firefoxLog) left() []logged {
	var list []logged
	for _, one := range all.asked {
		u, err := url.Parse(withoutFragment(one.url))
		if err != nil {
			continue
		}
		head := sentHead{one.method, u.RequestURI(), u.Host}
		if all.sent[head] > 0 {
			all.sent[head]--
			list = append(list, one)
		}
	}
	return list
}
