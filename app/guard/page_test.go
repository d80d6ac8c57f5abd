package guard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/build"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/net/html"

	"temoin.example/temoin/app/consent"
)

// held is a catalogue whose services are all refused, but for what needs no consent.
func held() *consent.Catalogue {
	return &consent.Catalogue{
		Cookie:     consent.CookieSettings{Name: consent.CookieName, Lifetime: consent.Duration{Count: 6, Unit: consent.Month}},
		Categories: []consent.Category{{ID: "necessary", Necessary: true}, {ID: "statistics"}, {ID: "third-party"}},
		Services: []consent.Service{
			{ID: "cdn", Category: "necessary", Hosts: []string{"cdn.example"}},
			{ID: "counter", Category: "statistics", Hosts: []string{"count.example", "site.example/metrics/"}},
			{ID: "video", Category: "third-party", Hosts: []string{"video.example", "*.video.example", "shared.example"}},
			{ID: "map", Category: "third-party", Hosts: []string{"tiles.example", "shared.example"}},
		},
	}
}

// newPage returns a page of https://site.example/a/b of which everything is refused.
func newPage(out *bytes.Buffer) *page {
	c := held()
	v := &visit{rules: &rules{catalogue: c, hosts: c.HostRules()}}
	for _, rule := range v.hosts {
		v.refused = append(v.refused, isRefused(c, nil, rule))
	}
	return &page{out: out, visit: v, script: "<script src=/temoin.js></script>", place: first,
		base: placeOf("site.example", &url.URL{Path: "/a/b"}), enc: eightBit}
}

// rewritten is what becomes of a page that comes in pieces of that size.
func rewritten(t testing.TB, p *page, text string, size int) string {
	t.Helper()
	out := p.out.(*bytes.Buffer)
	for piece := range slices.Chunk([]byte(text), max(size, 1)) {
		if _, err := p.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const script = "<script src=/temoin.js></script>"

func TestPage_Script(t *testing.T) {
	for name, test := range map[string]struct {
		text     string // with | where the script comes in a page
		fragment bool   // whether it comes there in what may be a part of one, too
	}{
		"head":                      {"<!DOCTYPE html>\n<html lang=fr><!-- a --> <head>|<title>x</title>", true},
		"head with attributes":      {`<html><head prefix="og: >">|<meta charset=utf-8>`, true},
		"in capitals":               {"<HTML><HEAD>|<TITLE>x</TITLE></HEAD>", true},
		"no head":                   {"<!doctype html>\n|<title>x</title><p>y", false},
		"no head, no element":       {"<!doctype html>  |Hello <p>", false},
		"a body alone":              {"<html>|<body><p>x", false},
		"a frameset":                {"<html>|<frameset cols=50%><frame src=a></frameset>", false},
		"an end of a head":          {"<html>|</head><body>", false},
		"an end that begins none":   {"</p>|<p>", false},
		"a warning in front":        {"|Warning: x on line 3<!doctype html><html><head></head>", true},
		"a mark of UTF-8":           {"\ufeff<!doctype html><head>|<title>", true},
		"an XML declaration":        {"<?xml version='1.0'?>\n<!DOCTYPE html><html><head>|</head>", true},
		"a comment that names one":  {"<!-- <head> --><head>|", true},
		"a header is no head":       {"|<header>x</header><head>", false},
		"two heads":                 {"<head>|</head><head>", true},
		"conditional comments":      {"<!--[if IE]><html class=ie><![endif]--><!--[if !IE]><!--><html><!--<![endif]--><head>|", true},
		"a doctype that is no word": {"<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01//EN\" '<head>'>|", false},
	} {
		t.Run(name, func(t *testing.T) {
			plain := strings.Replace(test.text, "|", "", 1)
			want := strings.Replace(test.text, "|", script, 1)
			if name == "a doctype that is no word" { // an > ends it whatever is in quotes
				want = strings.Replace(plain, "'>", script+"'>", 1)
			}
			if got := rewritten(t, newPage(&bytes.Buffer{}), plain, 1); got != want {
				t.Errorf("in a page: got %q, want %q", got, want)
			}
			part := newPage(&bytes.Buffer{})
			part.place = inHead
			if !test.fragment {
				want = plain
			} else if name == "a warning in front" {
				want = strings.Replace(plain, "<head>", "<head>"+script, 1)
			}
			if got := rewritten(t, part, plain, 1); got != want {
				t.Errorf("in a part: got %q, want %q", got, want)
			}
		})
	}
}

func TestPage_Tags(t *testing.T) {
	for name, test := range map[string][2]string{
		"script": {`<script src="//count.example/c.js" async></script>`, `<script data-consent="counter" type="text/plain" data-consent-src="//count.example/c.js" async></script>`},
		"module": {`<SCRIPT type='module' SRC=https://count.example/c.js></SCRIPT>`, `<SCRIPT data-consent="counter" type="text/plain" data-type='module' data-consent-src=https://count.example/c.js></SCRIPT>`},
		"frame":  {`<iframe width=1 src='https://www.video.example/e?a=1&amp;b=2'></iframe>`, `<iframe data-consent="video" width=1 data-consent-src='https://www.video.example/e?a=1&amp;b=2'></iframe>`},
		"image":  {`<img src=//tiles.example/1.png/>`, `<img data-consent="map" data-consent-src=//tiles.example/1.png/>`},
		"srcset": {`<img src=a.png srcset="b.png 1x, //tiles.example/c,d.png 2x">`, `<img data-consent="map" src=a.png data-consent-srcset="b.png 1x, //tiles.example/c,d.png 2x">`},
		"source": {`<picture><source srcset=//tiles.example/a.avif><img src=b.png></picture>`, `<picture><source data-consent="map" data-consent-srcset=//tiles.example/a.avif><img src=b.png></picture>`},
		"video":  {`<video src=a.mp4 poster=//video.example/p.jpg></video>`, `<video data-consent="video" src=a.mp4 data-consent-poster=//video.example/p.jpg></video>`},
		"object": {`<object data=//video.example/p.pdf></object>`, `<object data-consent="video" data-consent-data=//video.example/p.pdf></object>`},
		"two":    {`<img src=//shared.example/>`, `<img data-consent="map video" data-consent-src=//shared.example/>`},
		"style":  {`<link rel="Alternate StyleSheet" href=//video.example/s.css>`, `<link data-consent="video" rel="Alternate StyleSheet" data-consent-href=//video.example/s.css>`},
		"hint":   {`<link rel=preconnect href="https://video.example">`, `<link data-consent="video" rel=preconnect data-consent-href="https://video.example">`},
		"link":   {`<link rel=canonical href=//video.example/x>`, ``},
		"SVG":    {`<svg><image xlink:href="//tiles.example/1.png" /></svg>`, `<svg><image data-consent="map" data-consent-href="//tiles.example/1.png" /></svg>`},
		"script in SVG": {`<svg><script href="//count.example/c.js"/><title><img src=//count.example/></title></svg>`,
			`<svg><script data-consent="counter" type="text/plain" data-consent-href="//count.example/c.js"/><title><img data-consent="counter" data-consent-src=//count.example/></title></svg>`},
		"audio":             {`<audio controls src=//video.example/a.mp3></audio>`, `<audio data-consent="video" controls data-consent-src=//video.example/a.mp3></audio>`},
		"video's source":    {`<video><source src=//video.example/a.mp4 type=video/mp4></video>`, `<video><source data-consent="video" data-consent-src=//video.example/a.mp4 type=video/mp4></video>`},
		"track":             {`<video src=a.mp4><track src=//video.example/fr.vtt></video>`, `<video src=a.mp4><track data-consent="video" data-consent-src=//video.example/fr.vtt></video>`},
		"old frame":         {`<frameset><frame src=//video.example/f></frameset>`, `<frameset><frame data-consent="video" data-consent-src=//video.example/f></frameset>`},
		"embed":             {`<embed src=//video.example/e.swf>`, `<embed data-consent="video" data-consent-src=//video.example/e.swf>`},
		"video itself":      {`<video src=//video.example/a.mp4></video>`, `<video data-consent="video" data-consent-src=//video.example/a.mp4></video>`},
		"old image's set":   {`<image src=a.png srcset="//tiles.example/1.png 2x">`, `<image data-consent="map" src=a.png data-consent-srcset="//tiles.example/1.png 2x">`},
		"old script in SVG": {`<svg><script xlink:href="//count.example/c.js"/></svg>`, `<svg><script data-consent="counter" type="text/plain" data-consent-href="//count.example/c.js"/></svg>`},
		"button":            {`<input type=image src=//tiles.example/b.png>`, `<input data-consent="map" type=image data-consent-src=//tiles.example/b.png>`},
		"old image":         {`<image src=//tiles.example/1.png>`, `<image data-consent="map" data-consent-src=//tiles.example/1.png>`},
		"preload of a set": {`<link rel=preload as=image imagesrcset="a.png 1x, //tiles.example/b.png 2x">`,
			`<link data-consent="map" rel=preload as=image data-consent-imagesrcset="a.png 1x, //tiles.example/b.png 2x">`},
		"icon":           {`<link rel="shortcut icon" href=//tiles.example/i.ico>`, `<link data-consent="map" rel="shortcut icon" data-consent-href=//tiles.example/i.ico>`},
		"touch icon":     {`<link href=//tiles.example/i.png rel=apple-touch-icon>`, `<link data-consent="map" data-consent-href=//tiles.example/i.png rel=apple-touch-icon>`},
		"manifest":       {`<link rel=manifest href=//tiles.example/m.json>`, `<link data-consent="map" rel=manifest data-consent-href=//tiles.example/m.json>`},
		"SVG by href":    {`<svg><image href=//tiles.example/1.png /></svg>`, `<svg><image data-consent="map" data-consent-href=//tiles.example/1.png /></svg>`},
		"use":            {`<svg><use href="//tiles.example/i.svg#a"/></svg>`, `<svg><use data-consent="map" data-consent-href="//tiles.example/i.svg#a"/></svg>`},
		"old use":        {`<svg><use xlink:href="//tiles.example/i.svg#a"/></svg>`, `<svg><use data-consent="map" data-consent-href="//tiles.example/i.svg#a"/></svg>`},
		"use of its own": {`<svg><use href="#a"/></svg>`, ``},
		"filter":         {`<svg><filter><feImage href=//tiles.example/1.png /></filter></svg>`, `<svg><filter><feImage data-consent="map" data-consent-href=//tiles.example/1.png /></filter></svg>`},
		"old filter":     {`<svg><filter><feImage xlink:href=//tiles.example/1.png /></filter></svg>`, `<svg><filter><feImage data-consent="map" data-consent-href=//tiles.example/1.png /></filter></svg>`},
		"own path":       {`<script src=../metrics/x.js></script>`, `<script data-consent="counter" type="text/plain" data-consent-src=../metrics/x.js></script>`},
		"base":           {`<base href=//video.example/x/><img src=a.png>`, `<base href=//video.example/x/><img data-consent="video" data-consent-src=a.png>`},
		"second base":    {`<base href=/x/><base href=//video.example/><img src=a.png>`, ``},
		"twice":          {`<img src=a.png src=//tiles.example/>`, `<img data-consent="map" data-consent-src=a.png data-consent-src=//tiles.example/>`},
		"no script":      {`<noscript><img src=//count.example/p></noscript>`, `<noscript><img data-consent="counter" data-consent-src=//count.example/p></noscript>`},
		"template":       {`<template><img src=//count.example/p></template>`, `<template><img data-consent="counter" data-consent-src=//count.example/p></template>`},
		"held template":  {`<template data-consent=x><img src=//count.example/p><template></template><img src=//count.example/p></template>`, ``},
		"after it":       {`<template data-consent=x></template><img src=//count.example/p>`, `<template data-consent=x></template><img data-consent="counter" data-consent-src=//count.example/p>`},
		"necessary":      {`<script src=//cdn.example/x.js></script>`, ``},
		"waits already":  {`<iframe data-consent=statistics data-src=//count.example/></iframe>`, ``},
		"inert already":  {`<script type="text/plain" src=//count.example/></script>`, ``},
		"undeclared":     {`<img src=//other.example/>`, ``},
		"comment":        {`<!-- <img src=//count.example/> --!><p>`, ``},
		"in an old one":  {`<!--[if IE]><img src=//count.example/><![endif]-->`, ``},
		"revealed":       {`<![if !IE]><img src=//count.example/><![endif]>`, `<![if !IE]><img data-consent="counter" data-consent-src=//count.example/><![endif]>`},
		"in a script":    {`<script>document.write("<img src=//count.example/>")<!-- <script> </script> <img src=//count.example/> --> </script>`, ``},
		"after a script": {`<script><!-- x</script><img src=//count.example/>`, `<script><!-- x</script><img data-consent="counter" data-consent-src=//count.example/>`},
		"in a style":     {`<style>a::before{content:"<img src=//count.example/>"}</style>`, ``},
		"style in SVG":   {`<svg><style><![CDATA[ <img src=//count.example/> ]]></style></svg>`, ``},
		"no CDATA here":  {`<![CDATA[ > <img src=//count.example/> ]]>`, `<![CDATA[ > <img data-consent="counter" data-consent-src=//count.example/> ]]>`},
		"in a text":      {`<textarea><img src=//count.example/></textarea ><title></titles><img src=//count.example/></title>`, ``},
		"in quotes":      {`<a title="<img src=//count.example/>" b='>'>`, ``},
		"unquoted":       {`<a title=<img src=//count.example/>>`, ``},
		"no name":        {`< img src=//count.example/>`, ``},
		"malformed":      {`<p <img src=//count.example/><img/src=//count.example/a"b'><b`, `<p <img src=//count.example/><img data-consent="counter"/data-consent-src=//count.example/a"b'><b`},
		"no end":         {`<img src="//count.example/`, ``},
		"in spaces":      {"<img src\n =\n' \thttps:\n\\/count.example/ '>", "<img data-consent=\"counter\" data-consent-src\n =\n' \thttps:\n\\/count.example/ '>"},
		"entities":       {`<img src="&#x2f;/count&#46;example/">`, `<img data-consent="counter" data-consent-src="&#x2f;/count&#46;example/">`},
		"backslashes":    {`<img src="\\count.example\x">`, `<img data-consent="counter" data-consent-src="\\count.example\x">`},
		"a long one":     {`<img alt="` + strings.Repeat("x", maxTag) + `" src=//count.example/><img src=//count.example/>`, `<img alt="` + strings.Repeat("x", maxTag) + `" src=//count.example/><img data-consent="counter" data-consent-src=//count.example/>`},
		"a long script":  {`<script x="` + strings.Repeat("x", maxTag) + `"><img src=//count.example/></script>`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			want := test[1]
			if want == "" {
				want = test[0]
			}
			for _, size := range []int{1, 7, 1 << 20} {
				p := newPage(&bytes.Buffer{})
				p.place = nowhere
				if name == "a long one" && size > maxTag { // in one piece nothing has to be kept
					continue
				}
				if got := rewritten(t, p, test[0], size); got != want {
					t.Errorf("in pieces of %d:\ngot  %.300s\nwant %.300s", size, got, want)
				}
			}
		})
	}
}

// TestPage_Relations: each relation for which a browser asks at once waits, alone or among others; one for a click does not.
func TestPage_Relations(t *testing.T) {
	for relation, waits := range map[string]bool{
		"stylesheet": true, "preload": true, "modulepreload": true, "prefetch": true, "prerender": true, "preconnect": true,
		"dns-prefetch": true, "icon": true, "apple-touch-icon": true, "apple-touch-icon-precomposed": true, "mask-icon": true,
		"manifest": true, "compression-dictionary": true,
		"canonical": false, "alternate": false, "next": false, "license": false, "iconic": false,
	} {
		for _, rel := range []string{relation, "x " + strings.ToUpper(relation)} {
			p := newPage(&bytes.Buffer{})
			p.place = nowhere
			got := rewritten(t, p, `<link rel="`+rel+`" href=//tiles.example/a>`, 1<<10)
			if held := strings.Contains(got, "data-consent-href=//tiles.example/a"); held != waits {
				t.Errorf("%s: got %s", rel, got)
			}
		}
	}
}

// TestPage_Encodings: what is no letter of ASCII comes out as it went in, and what is rewritten is written in the page's encoding.
func TestPage_Encodings(t *testing.T) {
	const text = `<!doctype html><head><title>é€😀</title><script src=//count.example/é></script><img alt="ñ>" src="//cdn.example/">`
	want := rewritten(t, newPage(&bytes.Buffer{}), text, 1)
	encode := func(text string, e encoding) string {
		var b []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			b = e.order.(interface {
				AppendUint16([]byte, uint16) []byte
			}).AppendUint16(b, unit)
		}
		return string(b)
	}
	for name, e := range map[string]encoding{"UTF-16LE": littleEndian, "UTF-16BE": bigEndian} {
		for _, size := range []int{1, 2, 3, 1000} {
			got := rewritten(t, newPage(&bytes.Buffer{}), encode("\ufeff"+text, e), size)
			if got != encode("\ufeff"+want, e) {
				t.Errorf("%s with a mark, in pieces of %d: got %q", name, size, got)
			}
			p := newPage(&bytes.Buffer{})
			p.enc = e // by the header
			if got := rewritten(t, p, encode(text, e)+"\xd8", size); got != encode(want, e)+"\xd8" {
				t.Errorf("%s, in pieces of %d: got %q", name, size, got)
			}
		}
	}
	latin := func(text string) string {
		return strings.NewReplacer("é", "\xe9", "ñ", "\xf1", "€", "\x80", "😀", "\xff").Replace(text)
	}
	if got := rewritten(t, newPage(&bytes.Buffer{}), latin(text), 1); got != latin(want) {
		t.Errorf("Latin-1: got %q", got)
	}
}

// TestPage_Memory: however long a page, a text, a comment, a script or a tag is, no more than a tag is kept.
func TestPage_Memory(t *testing.T) {
	for _, begin := range []string{"<p>", "<!--", "<script>", "<script><!--<script>", "<a href='", "<a b=", "<a ", "<aaa", "<!x", "<svg><![CDATA["} {
		out := &bytes.Buffer{}
		p := newPage(out)
		piece := []byte(strings.Repeat("x<- ", 1<<13))
		if strings.HasPrefix(begin, "<a") {
			piece = bytes.Repeat([]byte("x"), 1<<15)
		}
		if _, err := p.Write([]byte(begin)); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			p.Write(piece)
			out.Reset()
		}
		if kept := cap(p.held) + cap(p.done) + cap(p.units); kept > 8*maxTag {
			t.Errorf("%s: %d bytes are kept", begin, kept)
		}
	}
}

// TestPlace: an address leads in a page where the loader takes it to lead.
func TestPlace(t *testing.T) {
	text, err := os.ReadFile("../consent/testdata/hosts.json")
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		Name     string
		Services []consent.Service
		Cases    []struct{ URL, Services string }
	}
	if err := json.Unmarshal(text, &groups); err != nil || len(groups) == 0 {
		t.Fatal(err, groups)
	}
	for _, group := range groups {
		c := &consent.Catalogue{Services: group.Services}
		for _, one := range group.Cases {
			target, found := placeOf("site.example", &url.URL{Path: "/a/b"}).find(one.URL)
			if got := strings.Join(c.ServicesAt(target.host, target.path), " "); got != one.Services || !found && got != "" {
				t.Errorf("%s: %s: got %q at %v, want %q", group.Name, one.URL, got, target, one.Services)
			}
		}
	}
	for address, want := range map[string]string{
		"x.js": "page.example/a/x.js", "/x": "page.example/x", "../../x": "page.example/x", "": "page.example/a/b", "?x:y": "page.example/a/b",
		"//A.example:80/x/./y": "a.example/x/y", "https:/b.example/%2e%2E/x": "b.example/x", "HTTP:\\\\c.example": "c.example/",
		"https://u:p@d.example./": "d.example/", "//[::1]:8080/x": "[::1]/x", "//bücher.example": "xn--bcher-kva.example/",
		"//e%2eexample/": "e.example/", "///f.example": "f.example/", "https:x.js": "page.example/a/x.js", "wss://g.example/..": "g.example/",
		"data:text/html,//x": "", "javascript:x": "", "blob:https://x": "", "about:blank": "",
	} {
		target, found := placeOf("Page.example:8080", &url.URL{Path: "/a/b"}).find(address)
		if got := target.host + target.path; got != want || found != (want != "") {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

// ---- against x/net/html ----

// tokens are the tags of a text by x/net/html's tokenizer: names and attributes.
// It takes <noscript> for a text, in which there are more; and it is told where
// CDATA may be.
func tokens(text string) (tags []string) {
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return tags
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			token := z.Token()
			tags = append(tags, sayTag(token.Type == html.EndTagToken, token.Data, token.Attr))
			if token.Data == "noscript" {
				z.NextIsNotRawText()
			}
		}
	}
}

func sayTag(isEnd bool, name string, attributes []html.Attribute) string {
	if isEnd {
		return "/" + name
	}
	text := name
	for _, a := range attributes {
		text += fmt.Sprintf(" %s=%q", strings.ToLower(a.Key), a.Val)
	}
	return text
}

// collector keeps the tags that a scanner finds.
type collector struct{ tags []string }

func (c *collector) text([]byte, bool) {}
func (c *collector) longTag([]byte)    {}
func (c *collector) tag(t *tag) {
	var attributes []html.Attribute
	for _, a := range t.attributes {
		if !slices.ContainsFunc(attributes, func(other html.Attribute) bool { return other.Key == t.nameOf(a) }) {
			attributes = append(attributes, html.Attribute{Key: t.nameOf(a), Val: string(t.units[a.value:a.valueEnd])})
		}
	}
	c.tags = append(c.tags, sayTag(t.isEnd, t.name, attributes))
}

// documents are the pages of testdata, and those that come with Go and its libraries.
func documents(t testing.TB) map[string]string {
	t.Helper()
	own, err := filepath.Glob("testdata/pages/*.html")
	if err != nil || len(own) < 30 {
		t.Fatalf("want 30 pages of different generators in testdata/pages, got %d (%v)", len(own), err)
	}
	others, _ := filepath.Glob(filepath.Join(build.Default.GOROOT, "doc", "*.html"))
	more, _ := filepath.Glob(filepath.Join(build.Default.GOROOT, "misc", "*", "*.html"))
	all := map[string]string{}
	for _, name := range slices.Concat(own, others, more) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(text)
	}
	return all
}

// checkPage holds what becomes of a page to all that is promised of it.
func checkPage(t *testing.T, text string) {
	t.Helper()
	whole := rewritten(t, newPage(&bytes.Buffer{}), text, 1<<30)
	for _, size := range []int{1, 2, 3, 13} {
		if size*2000 < len(text) && size < 13 {
			continue
		}
		if got := rewritten(t, newPage(&bytes.Buffer{}), text, size); got != whole {
			t.Fatalf("in pieces of %d it is another:\n%q\n%q", size, got, whole)
		}
	}
	if got := restored(t, text); got != whole {
		t.Fatalf("more than tags has changed:\ngot  %q\nwant %q", whole, got)
	}
}

// restored rewrites a page by the tags that stand in it, each by itself, which
// x/net/html cuts it into: what is not in one of them comes as it is.
func restored(t *testing.T, text string) string {
	t.Helper()
	spy := &spy{page: newPage(&bytes.Buffer{})}
	units := []byte(text)
	spy.page.source = units
	spy.page.readMark()
	spy.kept = append(spy.kept, spy.page.done...)
	n := len(units) - len(spy.page.source)
	n += spy.page.scanner.scan(units[n:], spy)
	spy.kept = append(spy.kept, units[n:]...)
	if string(spy.kept) != text {
		t.Fatalf("what the scanner hands on is not the page: %q", spy.kept)
	}
	return rewritten(t, newPage(&bytes.Buffer{}), text, 1<<30)
}

// spy keeps what a page hands on, but for the changes.
type spy struct {
	page *page
	kept []byte
}

func (s *spy) text(units []byte, isData bool) {
	s.look(len(units), func() { s.page.text(units, isData) }, false)
}
func (s *spy) longTag(units []byte) { s.look(len(units), func() { s.page.longTag(units) }, false) }
func (s *spy) tag(t *tag)           { s.look(len(t.units), func() { s.page.tag(t) }, true) }

func (s *spy) look(n int, hand func(), isTag bool) {
	source := s.page.source[:n]
	before := len(s.page.done)
	hand()
	out := strings.Replace(string(s.page.done[before:]), script, "", 1)
	if !isTag && out != string(source) {
		panic(fmt.Sprintf("a text has changed: %q to %q", source, out))
	}
	s.kept = append(s.kept, source...)
}

func TestPage_Documents(t *testing.T) {
	for name, text := range documents(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			checkPage(t, text)
			checkTree(t, text)
		})
	}
}

// checkTree: to a parser that is not ours, the page is the same but for the
// script, and for elements that wait; and none that does not wait asks for what is
// refused.
func checkTree(t *testing.T, text string) {
	t.Helper()
	out := rewritten(t, newPage(&bytes.Buffer{}), text, 512)
	before, after := parse(t, text), parse(t, out)
	scripts := 0
	v := newPage(&bytes.Buffer{})
	base := v.base
	for node := range after.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		if node.Data == "base" && len(node.Attr) > 0 {
			base, _ = base.find(node.Attr[0].Val)
		}
		if node.Data == "script" && len(node.Attr) == 1 && node.Attr[0].Val == "/temoin.js" {
			scripts++
			node.Data = "removed"
		}
		for _, a := range node.Attr {
			key := a.Key
			if a.Namespace != "" {
				key = a.Namespace + ":" + a.Key
			}
			if a.Key == "rel" && !asks(a.Val) {
				break
			}
			if slices.Contains(loading[node.Data], key) && v.visit.waitsFor(base, key, a.Val) != nil && !isAsideFromLoading(node) {
				t.Errorf("<%s> asks for %s", node.Data, a.Val)
			}
		}
		undo(node)
	}
	if scripts != 1 {
		t.Errorf("got %d scripts of ours, want 1", scripts)
	}
	if first := firstIn(after, "head"); first == nil || first.Data != "removed" {
		t.Errorf("ours is not the first in the head: %v", first)
	}
	if got, want := sayTree(after), sayTree(before); got != want {
		t.Errorf("the page is another:\ngot  %s\nwant %s", got, want)
	}
}

func isAsideFromLoading(node *html.Node) bool {
	for n := node; n != nil; n = n.Parent {
		if n.Data == "template" && slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "data-consent" }) {
			return true
		}
	}
	return slices.ContainsFunc(node.Attr, func(a html.Attribute) bool {
		return a.Key == "data-consent" || a.Key == "type" && a.Val == "text/plain"
	}) ||
		node.Data == "link" && !slices.ContainsFunc(node.Attr, func(a html.Attribute) bool { return a.Key == "rel" && asks(a.Val) })
}

func parse(t *testing.T, text string) *html.Node {
	t.Helper()
	root, err := html.ParseWithOptions(strings.NewReader(text), html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// undo takes what waits back to what it was.
func undo(node *html.Node) {
	if !slices.ContainsFunc(node.Attr, func(a html.Attribute) bool { return strings.HasPrefix(a.Key, "data-consent-") }) {
		return
	}
	var attributes []html.Attribute
	for _, a := range node.Attr {
		switch {
		case a.Key == "data-consent", node.Data == "script" && a.Key == "type":
			continue
		case a.Key == "data-type":
			a.Key = "type"
		case strings.HasPrefix(a.Key, "data-consent-"):
			a.Key = strings.TrimPrefix(a.Key, "data-consent-")
		}
		attributes = append(attributes, a)
	}
	node.Attr = attributes
}

func firstIn(root *html.Node, name string) *html.Node {
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && node.Data == name {
			for child := range node.ChildNodes() {
				if child.Type == html.ElementNode {
					return child
				}
			}
		}
	}
	return nil
}

func sayTree(root *html.Node) string {
	var b strings.Builder
	for node := range root.Descendants() {
		if node.Data == "removed" || node.Parent != nil && node.Parent.Data == "removed" {
			continue
		}
		slices.SortStableFunc(node.Attr, func(a, b html.Attribute) int { return strings.Compare(a.Key, b.Key) })
		fmt.Fprintf(&b, "%d %s", node.Type, node.Data)
		for _, a := range node.Attr {
			fmt.Fprintf(&b, " %s=%q", a.Key, a.Val)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// FuzzPage: whatever is no tag comes out as it went in, in whatever pieces it comes.
func FuzzPage(f *testing.F) {
	for _, text := range documents(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkPage(t, text) })
}

// FuzzScanner: tags are what x/net/html takes for tags. What it decodes, and what
// its tokenizer cannot know by itself, as what is text in SVG, is left out.
func FuzzScanner(f *testing.F) {
	for _, text := range documents(f) {
		f.Add(text)
	}
	for _, text := range []string{"<!-->", "<!--->", "<!--!>x-->", "<!---!>-->", "<a/ b=c/>", "<a b = 'c'd>", "<a =b=c>", "</a b>", "<script><!--<script></script>--></script>",
		"<script><!--></script>", "<title></title", "<plaintext></plaintext>", "<a b=\"", "</>", "<!>", "<?>", "<textarea></TEXTAREA/x>"} {
		f.Add(text)
	}
	plain := strings.NewReplacer("&", "+", "\r", "\n", "\x00", " ")
	foreign := regexp.MustCompile(`(?i)<(svg|math)`)
	f.Fuzz(func(t *testing.T, text string) {
		text = foreign.ReplaceAllString(plain.Replace(text), "<x$1")
		text = strings.Map(func(r rune) rune { return min(r, '~') }, strings.ToValidUTF8(text, ""))
		got := &collector{}
		(&scanner{}).scan([]byte(text), got)
		if want := tokens(text); !slices.Equal(got.tags, want) {
			t.Errorf("got  %q\nwant %q", got.tags, want)
		}
	})
}
