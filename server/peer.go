package server

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Networks are networks of addresses, as flags take them: with commas between.
// As those of the proxies in front, nil stands for usualProxies, and what is
// empty but not nil for nobody.
type Networks []netip.Prefix

// usualProxies are where a proxy in front is, where nobody says otherwise: on
// this machine, or in a private network (RFC 1918, RFC 4193). No visitor of a
// public site has such an address, so what comes from there is no visitor's word.
var usualProxies = Networks{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("fc00::/7"),
}

// visitor returns the address of who asks: the last on the way to us that is no
// proxy's. Where a proxy keeps it to itself, hidden is true, and the address is
// the proxy's, or none where the proxy comes through a unix socket.
func (proxies Networks) visitor(r *http.Request) (address netip.Addr, hidden bool) {
	address = peer(r)
	if !proxies.believes(address) {
		return address, isForwarded(r)
	}
	hops := hops(r)
	for _, hop := range slices.Backward(hops) {
		next, err := parseHop(hop)
		if err != nil {
			return address, true
		}
		if address = next; !proxies.believes(address) {
			return address, false
		}
	}
	// A proxy is no visitor, though a machine in a private network may be one.
	isProxy := proxies != nil || !address.IsValid() || address.IsLoopback() || isForwarded(r)
	return address, len(hops) == 0 && isProxy
}

// believes reports whether address is a proxy's. Who comes through a unix socket
// has none: the socket's mode says who may.
func (proxies Networks) believes(address netip.Addr) bool {
	switch {
	case proxies == nil:
		return !address.IsValid() || usualProxies.contains(address)
	case !address.IsValid():
		return len(proxies) > 0
	}
	return proxies.contains(address)
}

// peer returns the address at the other end of the connection, or none where
// that is a unix socket.
func peer(r *http.Request) netip.Addr {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	address, _ := netip.ParseAddr(host)
	return address.Unmap().WithZone("")
}

// isForwarded reports whether anything in the request says that a proxy made it.
// net/http writes names of headers with capitals.
func isForwarded(r *http.Request) bool {
	for name := range r.Header {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			return true
		}
	}
	return false
}

// hops returns whom the proxies say that they were asked by, the nearest last.
// X-Forwarded-For goes before Forwarded (RFC 7239): hardly a proxy writes the
// latter, and many leave in it what the visitor wrote.
func hops(r *http.Request) []string {
	if list := strings.Join(r.Header.Values("X-Forwarded-For"), ","); list != "" {
		return strings.Split(list, ",")
	}
	return forwarded(r, "for")
}

// forwarded returns a parameter of each element of the header Forwarded, "" where
// an element has none. It cuts at each comma, also at one in quotes: no address
// holds one, and what a visitor leaves open must not swallow what a proxy adds.
func forwarded(r *http.Request, parameter string) (values []string) {
	list := strings.Join(r.Header.Values("Forwarded"), ",")
	if list == "" {
		return nil
	}
	for element := range strings.SplitSeq(list, ",") {
		found := ""
		for pair := range strings.SplitSeq(element, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if strings.EqualFold(name, parameter) {
				found = strings.Trim(value, `"`)
			}
		}
		values = append(values, found)
	}
	return values
}

// parseHop reads what a proxy calls an address: 192.0.2.1, 192.0.2.1:4711,
// 2001:db8::1, [2001:db8::1] or [2001:db8::1]:4711.
func parseHop(hop string) (netip.Addr, error) {
	hop = strings.TrimSpace(hop)
	if host, _, err := net.SplitHostPort(hop); err == nil {
		hop = host
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(hop, "["), "]"))
	return address.Unmap().WithZone(""), err
}

// isSecure reports whether the visitor's own request came by https, to us or to
// the proxy in front of us. Whoever forges the header harms only himself.
func isSecure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	protos := strings.Split(r.Header.Get("X-Forwarded-Proto"), ",")
	if protos[0] == "" {
		protos = forwarded(r, "proto")
	}
	return len(protos) > 0 && strings.EqualFold(protos[0], "https") // the first is the visitor's own
}

// isLocal reports whether the request came from a browser on this machine to an
// address of this machine, through nothing in between.
func isLocal(r *http.Request) bool {
	host := (&url.URL{Host: r.Host}).Hostname()
	address, _ := netip.ParseAddr(host)
	return !isForwarded(r) && peer(r).IsLoopback() && (address.IsLoopback() || host == "localhost")
}

func (proxies Networks) contains(address netip.Addr) bool {
	return slices.ContainsFunc(proxies, func(network netip.Prefix) bool { return network.Contains(address) })
}

// none is how flags write that nobody is believed.
const none = "none"

// MarshalText writes the networks with commas between.
func (proxies Networks) MarshalText() ([]byte, error) {
	if proxies != nil && len(proxies) == 0 {
		return []byte(none), nil
	}
	words := make([]string, len(proxies))
	for i, network := range proxies {
		words[i] = network.String()
	}
	return []byte(strings.Join(words, ",")), nil
}

// UnmarshalText reads networks (192.0.2.0/24, 2001:db8::/32) and addresses, or
// the word none.
func (proxies *Networks) UnmarshalText(text []byte) error {
	*proxies = nil
	if strings.TrimSpace(string(text)) == none {
		*proxies = Networks{}
		return nil
	}
	for word := range strings.FieldsFuncSeq(string(text), func(r rune) bool { return r == ',' || r == ' ' }) {
		network, err := parseNetwork(word)
		if err != nil {
			return err
		}
		*proxies = append(*proxies, network)
	}
	return nil
}

func parseNetwork(word string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(word)
	if address, fault := netip.ParseAddr(word); err != nil && fault == nil {
		network, err = address.Prefix(address.BitLen())
	}
	if err != nil {
		return network, fmt.Errorf("%q is no network; want addresses such as 192.0.2.1, networks such as 192.0.2.0/24, or %s", word, none)
	}
	return network.Masked(), nil
}
