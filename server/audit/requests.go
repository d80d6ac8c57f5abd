package audit

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// bare returns an address without what could tell a visitor: values of its query, user and fragment.
func bare(address string) string {
	u, err := parseAddress(address)
	if err != nil || u.Host == "" {
		return address
	}
	u.User, u.Fragment = nil, ""
	var names []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		if name, _, _ := strings.Cut(part, "="); name != "" {
			names = append(names, name)
		}
	}
	u.RawQuery = strings.Join(names, "&")
	return u.String()
}

// told returns the indices of the hops that the network tells of.
func (one *raw) told() []int {
	var list []int
	for i, h := range one.hops {
		if h.told {
			list = append(list, i)
		}
	}
	return list
}

// sentRequests returns every request, in the order of time, and the hints.
func (r *recorder) sentRequests() []Request {
	list := []Request{}
	asked := r.byAddress()
	for _, id := range r.order {
		one := r.requests[id]
		told := one.told()
		for i := range one.hops {
			if one.hops[i].held {
				continue
			}
			request := r.requestOf(&one.hops[i], asked)
			if i > 0 {
				request.Initiators = append([]string{r.unsaid(one.hops[i-1].url)}, request.Initiators...)
			}
			if k := slices.Index(told, i); k >= 0 {
				if k < len(one.sent) {
					request.Cookies = sentNames(one.sent[k])
				}
				if k < len(one.got) {
					request.Sets = setNames(one.got[k].info)
					if request.Status == 0 {
						request.Status = int(one.got[k].info.StatusCode)
					}
				}
			}
			list = append(list, request)
		}
	}
	for i := range r.extra {
		list = append(list, r.requestOf(&r.extra[i], asked))
	}
	for _, h := range r.hints {
		list = append(list, r.requestOf(&hop{at: h.at, url: h.url, request: Request{Method: "", Type: "Preconnect", Page: h.page, Frame: h.frame}}, asked))
	}
	slices.SortStableFunc(list, func(a, b Request) int { return int(a.At - b.At) })
	return list
}

// byAddress returns the requests of each address in the order of time, for chains of initiators.
func (r *recorder) byAddress() map[string][]*hop {
	all := map[string][]*hop{}
	for _, id := range r.order {
		for i := range r.requests[id].hops {
			h := &r.requests[id].hops[i]
			all[h.url] = append(all[h.url], h)
		}
	}
	return all
}

func (r *recorder) requestOf(h *hop, asked map[string][]*hop) Request {
	request := h.request
	request.URL, request.Host = r.unsaid(h.url), hostOf(h.url)
	request.ThirdParty = !r.site.owns(request.Host)
	request.At, request.Phase = r.since(h.at), r.phaseAt(h.at)
	request.Page, request.Frame = r.unsaid(request.Page), r.unsaid(request.Frame)
	request.Initiators = r.chain(h, asked)
	request.Identifiers = r.identifiers(h)
	for i := len(r.loads) - 1; i >= 0; i-- {
		if l := r.loads[i]; !l.began.After(h.at) {
			if !l.loaded.IsZero() {
				request.AfterLoad = Duration(h.at.Sub(l.loaded))
			}
			break
		}
	}
	return request
}

// longestChain is how many initiators are followed.
const longestChain = 8

// chain returns the addresses that led to a request, the nearest first.
func (r *recorder) chain(h *hop, asked map[string][]*hop) []string {
	var list []string
	seen := map[*hop]bool{}
	for h != nil && !seen[h] && len(list) < longestChain {
		seen[h] = true
		address := askedBy(h.initiator)
		if address == "" || address == h.url {
			break
		}
		if plain := r.unsaid(address); !slices.Contains(list, plain) {
			list = append(list, plain)
		}
		h = latest(asked[address], h.at)
	}
	return list
}

// latest returns the last of the requests that is no later than at; nil where there is none.
func latest(requests []*hop, at time.Time) *hop {
	var last *hop
	for _, h := range requests {
		if !h.at.After(at) {
			last = h
		}
	}
	return last
}

// askedBy returns the address of the script, style sheet or document that asked for something.
func askedBy(initiator *network.Initiator) string {
	if initiator == nil {
		return ""
	}
	for stack := initiator.Stack; stack != nil; stack = stack.Parent {
		if i := slices.IndexFunc(stack.CallFrames, func(f *runtime.CallFrame) bool { return fetched(f.URL) }); i >= 0 {
			return stack.CallFrames[i].URL
		}
	}
	return initiator.URL
}

func sentNames(info *network.EventRequestWillBeSentExtraInfo) []string {
	var names []string
	for _, c := range info.AssociatedCookies {
		if c.Cookie != nil && len(c.BlockedReasons) == 0 && !slices.Contains(names, c.Cookie.Name) {
			names = append(names, c.Cookie.Name)
		}
	}
	return names
}

func setNames(info *network.EventResponseReceivedExtraInfo) []string {
	var names []string
	for _, line := range setLines(info) {
		name, _, _ := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

var (
	unique = regexp.MustCompile(`(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	long   = regexp.MustCompile(`^[A-Za-z0-9._-]{16,128}$`)
	// editions are parameters that name a file's edition, and nobody.
	editions = []string{"v", "ver", "version", "rev", "hash", "h", "build", "t", "ts", "integrity", "family", "display"}
)

// identifiers returns what in a request may tell a visitor from others: names of parameters, "path", "body".
func (r *recorder) identifiers(h *hop) []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	u, err := parseAddress(h.url)
	if err != nil {
		return nil
	}
	for name, values := range u.Query() {
		for _, value := range values {
			if r.values[value] || unique.MatchString(value) || !slices.Contains(editions, strings.ToLower(name)) && looksMade(value) {
				add(name)
			}
		}
	}
	slices.Sort(names)
	for part := range strings.SplitSeq(u.Path, "/") {
		if len(part) >= 16 && r.values[part] {
			add("path")
		}
	}
	if body := string(h.body); body != "" {
		for value := range r.values {
			if len(value) >= 12 && (strings.Contains(body, value) || strings.Contains(body, url.QueryEscape(value))) {
				add("body")
				break
			}
		}
	}
	return names
}

// looksMade says whether a value looks like one that is made for one visitor: long, of letters and figures.
func looksMade(value string) bool {
	return long.MatchString(value) && strings.ContainsAny(value, "0123456789") && strings.Trim(value, "0123456789.") != "" && !strings.Contains(value, "www.")
}
