package audit

import (
	"regexp"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
)

// What BiDi tells of the network, in the words of the recorder, which are Chromium's.

// bidiText is a text, or bytes in base64. Cookies and headers are compared with each other, as they are.
type bidiText struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type bidiHeader struct {
	Name  string   `json:"name"`
	Value bidiText `json:"value"`
}

// bidiRequest is what each event of a request has.
type bidiRequest struct {
	Context       string  `json:"context"` // the document's; "" where there is none
	Navigation    string  `json:"navigation"`
	RedirectCount int     `json:"redirectCount"`
	Timestamp     float64 `json:"timestamp"` // milliseconds since 1970
	Request       struct {
		ID          string       `json:"request"`
		URL         string       `json:"url"`
		Method      string       `json:"method"`
		Headers     []bidiHeader `json:"headers"`
		Cookies     []bidiCookie `json:"cookies"`
		Destination string       `json:"destination"`
		Initiator   string       `json:"initiatorType"`
	} `json:"request"`
	Response struct {
		Status  int64        `json:"status"`
		Headers []bidiHeader `json:"headers"`
	} `json:"response"`
	ErrorText string `json:"errorText"`
}

// bidiCookie is a cookie as the jar or a request has it.
type bidiCookie struct {
	Name     string   `json:"name"`
	Value    bidiText `json:"value"`
	Domain   string   `json:"domain"`
	Path     string   `json:"path"`
	HTTPOnly bool     `json:"httpOnly"`
	Secure   bool     `json:"secure"`
	SameSite string   `json:"sameSite"`
	Expiry   float64  `json:"expiry"` // seconds since 1970; 0 for a session's
}

// bidiSameSites are names of BiDi's; "default" is what the site did not say.
var bidiSameSites = map[string]network.CookieSameSite{"strict": network.CookieSameSiteStrict, "lax": network.CookieSameSiteLax, "none": network.CookieSameSiteNone}

// recorded returns the cookie as the recorder has it, in the partition of that top-level site.
func (c bidiCookie) recorded(partition string) *network.Cookie {
	cookie := &network.Cookie{
		Name: c.Name, Value: c.Value.Value, Domain: c.Domain, Path: c.Path, HTTPOnly: c.HTTPOnly, Secure: c.Secure,
		SameSite: bidiSameSites[c.SameSite], Session: c.Expiry == 0, Expires: c.Expiry,
	}
	if partition != "" {
		cookie.PartitionKey = &network.CookiePartitionKey{TopLevelSite: partition}
	}
	return cookie
}

func recordedAll(cookies []bidiCookie, partitions map[bidiCookie]string) []*network.Cookie {
	list := make([]*network.Cookie, len(cookies))
	for i, c := range cookies {
		list[i] = c.recorded(partitions[c])
	}
	return list
}

func headerOf(headers []bidiHeader, name string) string {
	for _, h := range headers {
		if strings.EqualFold(h.Name, name) {
			return h.Value.Value
		}
	}
	return ""
}

// destinations are types of requests by what fetch calls their destination.
var destinations = map[string]network.ResourceType{
	"document": network.ResourceTypeDocument, "iframe": network.ResourceTypeDocument, "frame": network.ResourceTypeDocument, "embed": network.ResourceTypeDocument, "object": network.ResourceTypeDocument,
	"style": network.ResourceTypeStylesheet, "image": network.ResourceTypeImage, "audio": network.ResourceTypeMedia, "video": network.ResourceTypeMedia, "track": network.ResourceTypeTextTrack,
	"font": network.ResourceTypeFont, "script": network.ResourceTypeScript, "worker": network.ResourceTypeScript, "sharedworker": network.ResourceTypeScript, "serviceworker": network.ResourceTypeScript,
	"audioworklet": network.ResourceTypeScript, "paintworklet": network.ResourceTypeScript, "manifest": network.ResourceTypeManifest, "report": network.ResourceTypeCSPViolationReport,
}

// kind returns the type of a request, by what it is for and how it is sent.
func (e *bidiRequest) kind() network.ResourceType {
	if known := destinations[e.Request.Destination]; known != "" {
		return known
	}
	switch headers := e.Request.Headers; {
	case strings.EqualFold(headerOf(headers, "Sec-Fetch-Mode"), "websocket") || headerOf(headers, "Sec-WebSocket-Key") != "":
		return network.ResourceTypeWebSocket
	case headerOf(headers, "Accept") == "text/event-stream":
		return network.ResourceTypeEventSource
	case e.Request.Method == "OPTIONS" && headerOf(headers, "Access-Control-Request-Method") != "":
		return network.ResourceTypePreflight
	case headerOf(headers, "Sec-Purpose") == "prefetch":
		return network.ResourceTypePrefetch
	case e.Request.Initiator == "fetch":
		return network.ResourceTypeFetch
	case e.Request.Initiator == "xmlhttprequest":
		return network.ResourceTypeXHR
	case e.Request.Initiator == "beacon":
		return network.ResourceTypePing
	}
	return network.ResourceTypeOther
}

func (e *bidiRequest) id() network.RequestID { return network.RequestID(e.Request.ID) }

// sent returns the request as it goes out.
func (e *bidiRequest) sent() *network.EventRequestWillBeSent {
	told := &network.EventRequestWillBeSent{
		RequestID: e.id(), FrameID: cdp.FrameID(e.Context), Type: e.kind(), WallTime: cdp.TimeSinceEpoch(e.Timestamp / 1000),
		Request: &network.Request{URL: e.Request.URL, Method: e.Request.Method},
	}
	if e.Navigation != "" {
		told.DocumentURL = e.Request.URL
	}
	if e.RedirectCount > 0 { // what the server answered has been told before
		told.RedirectResponse, told.RedirectHasExtraInfo = &network.Response{}, true
	}
	return told
}

// sentWith returns the cookies that go with the request.
func (e *bidiRequest) sentWith() *network.EventRequestWillBeSentExtraInfo {
	told := &network.EventRequestWillBeSentExtraInfo{RequestID: e.id()}
	for _, c := range e.Request.Cookies {
		told.AssociatedCookies = append(told.AssociatedCookies, &network.AssociatedCookie{Cookie: c.recorded("")})
	}
	return told
}

// answered returns the response.
func (e *bidiRequest) answered() *network.EventResponseReceived {
	return &network.EventResponseReceived{RequestID: e.id(), HasExtraInfo: true, Type: e.kind(), Response: &network.Response{Status: e.Response.Status}}
}

// answeredWith returns the lines of the response that set cookies. Whether they were taken is not told.
func (e *bidiRequest) answeredWith() *network.EventResponseReceivedExtraInfo {
	told := &network.EventResponseReceivedExtraInfo{RequestID: e.id(), StatusCode: e.Response.Status}
	var lines []string
	for _, h := range e.Response.Headers {
		if strings.EqualFold(h.Name, "set-cookie") {
			lines = append(lines, h.Value.Value)
		}
	}
	if len(lines) > 0 {
		told.Headers = network.Headers{"Set-Cookie": strings.Join(lines, "\n")}
	}
	return told
}

// endless says whether the browser never tells that such a request has ended.
func (e *bidiRequest) endless() bool {
	return e.Request.Destination == "embed" || e.Request.Destination == "object" || e.kind() == network.ResourceTypePrefetch
}

// onItsWay is said of requests that failed between the browser and the server. For other reasons the browser keeps one in:
// as the page's policy has it, or its own.
var onItsWay = regexp.MustCompile(`^(NS_BINDING_|NS_ERROR_(CONNECTION_|DNS_|GENERATE_FAILURE|NET_|OFFLINE|PROXY_|REDIRECT_LOOP|UNKNOWN_)|MOZILLA_PKIX_|SEC_|SSL_)`)

// isStopped takes in that a request came to nothing. What never left offends nobody.
func (r *recorder) isStopped(e *bidiRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.requests[e.id()]; one != nil && len(one.hops) > len(one.got) && !onItsWay.MatchString(e.ErrorText) {
		one.hops[len(one.hops)-1].held = true
	}
}

// takeBidi takes in what BiDi tells of a request.
func (r *recorder) takeBidi(method string, e *bidiRequest) {
	switch method {
	case "network.beforeRequestSent":
		r.isSent(e.sent(), "")
		r.isSentWith(e.sentWith())
		if e.endless() {
			r.isOver(e.id())
		}
	case "network.responseStarted":
		r.isAnswered(e.answered())
		r.isAnsweredWith(e.answeredWith(), false)
	case "network.responseCompleted":
		r.isOver(e.id())
	case "network.fetchError":
		r.isStopped(e)
		r.isOver(e.id())
	}
}
