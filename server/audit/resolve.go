package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// hostRule leads connections for hosts to another one.
type hostRule struct {
	pattern string // of a host's name, in which * is anything
	to      string // "host" or "host:port"; "" leaves the host as it is
}

// notFound is what a rule leads to for a host that is not to be found.
const notFound = "~NOTFOUND"

var (
	hostPattern = regexp.MustCompile(`^[A-Za-z0-9.*_-]+$`)
	hostTarget  = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)
)

// parseHostRules reads what Chromium takes as --host-resolver-rules: "MAP *.example.org 127.0.0.1:8080, EXCLUDE www.example.org".
// Those that leave a host as it is come first, as Chromium has it.
func parseHostRules(text string) ([]hostRule, error) {
	var mapped, left []hostRule
	for rule := range strings.SplitSeq(text, ",") {
		words := strings.Fields(rule)
		switch {
		case len(words) == 3 && strings.EqualFold(words[0], "MAP") && hostPattern.MatchString(words[1]) && (words[2] == notFound || hostTarget.MatchString(words[2])):
			mapped = append(mapped, hostRule{strings.ToLower(words[1]), words[2]})
		case len(words) == 2 && strings.EqualFold(words[0], "EXCLUDE") && hostPattern.MatchString(words[1]):
			left = append(left, hostRule{strings.ToLower(words[1]), ""})
		case len(words) > 0:
			return nil, fmt.Errorf("%q is no rule that Firefox can be given: want \"MAP data.example.org 127.0.0.1:8080\" or \"EXCLUDE www.example.org\"", strings.TrimSpace(rule))
		}
	}
	return append(left, mapped...), nil
}

// errNotFound says that a rule has a host not be found.
var errNotFound = errors.New("a rule has that host not be found")

// ledTo returns where a connection to a host and port goes by the rules.
func ledTo(rules []hostRule, host, port string) (string, error) {
	for _, rule := range rules {
		if fits, err := path.Match(rule.pattern, strings.ToLower(host)); err != nil || !fits {
			continue
		}
		switch _, _, err := net.SplitHostPort(rule.to); {
		case rule.to == notFound:
			return "", errNotFound
		case rule.to == "":
			return net.JoinHostPort(host, port), nil
		case err == nil:
			return rule.to, nil
		}
		return net.JoinHostPort(strings.Trim(rule.to, "[]"), port), nil
	}
	return net.JoinHostPort(host, port), nil
}

// relay leads a browser's connections by rules, as a SOCKS5 proxy (RFC 1928) on this machine: Firefox
// has nothing else by which a host could be led to another address and port.
type relay struct {
	listener net.Listener
	rules    []hostRule
}

func startRelay(ctx context.Context, rules []hostRule) (*relay, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &relay{listener, rules}
	go func() {
		for {
			asked, err := listener.Accept()
			if err != nil {
				return // it was closed
			}
			go r.lead(ctx, asked)
		}
	}()
	return r, nil
}

func (r *relay) port() int { return r.listener.Addr().(*net.TCPAddr).Port }

// What SOCKS5 answers.
const (
	socksDone    = 0
	socksFailed  = 1
	socksNoHost  = 4
	socksVersion = 5
)

// lead answers one connection, and passes on what goes through it until either side ends.
func (r *relay) lead(ctx context.Context, asked net.Conn) {
	defer asked.Close()
	host, port, err := readSocks(asked)
	if err != nil {
		return
	}
	address, err := ledTo(r.rules, host, port)
	if err != nil {
		answerSocks(asked, socksNoHost)
		return
	}
	dialer := net.Dialer{Timeout: time.Minute}
	there, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		answerSocks(asked, socksFailed)
		return
	}
	defer there.Close()
	if answerSocks(asked, socksDone) != nil {
		return
	}
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{there, asked}, {asked, there}} {
		go func() {
			io.Copy(way[0], way[1]) //nolint:errcheck // either side may end at any time
			done <- struct{}{}
		}()
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// readSocks reads whom a connection is for. Who it is from is not asked.
func readSocks(from io.ReadWriter) (host, port string, err error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(from, head); err != nil || head[0] != socksVersion {
		return "", "", errors.Join(err, errors.New("no SOCKS5"))
	}
	if _, err := io.CopyN(io.Discard, from, int64(head[1])); err != nil { // ways to say who one is
		return "", "", err
	}
	if _, err := from.Write([]byte{socksVersion, 0}); err != nil {
		return "", "", err
	}
	request := make([]byte, 4)
	if _, err := io.ReadFull(from, request); err != nil {
		return "", "", err
	}
	length := map[byte]int{1: net.IPv4len, 4: net.IPv6len}[request[3]]
	if named := request[3] == 3; named {
		if _, err := io.ReadFull(from, head[:1]); err != nil {
			return "", "", err
		}
		length = int(head[0])
	}
	rest := make([]byte, length+2)
	if _, err := io.ReadFull(from, rest); err != nil || request[1] != 1 || length == 0 {
		return "", "", errors.Join(err, errors.New("no connection that SOCKS5 can be asked for here"))
	}
	host = string(rest[:length])
	if request[3] != 3 {
		host = net.IP(rest[:length]).String()
	}
	return host, strconv.Itoa(int(binary.BigEndian.Uint16(rest[length:]))), nil
}

func answerSocks(to io.Writer, what byte) error {
	_, err := to.Write([]byte{socksVersion, what, 0, 1, 0, 0, 0, 0, 0, 0})
	return err
}

func (r *relay) close() error { return r.listener.Close() }
