package plants

import (
	"slices"

	"temoin.example/temoin/server/audit"
)

// unasked is what is found of what never waits for consent: where it is in a category that the visitor
// may allow alone, it is right there.
func unasked(subject, other string) []Want {
	return []Want{{audit.BeforeConsent, subject, []audit.StateName{audit.Unanswered, audit.Refused, audit.Withdrawn, audit.GPC, audit.OnlyState(other)}}}
}

// undeclared is what is found of what no catalogue names: cookies and keys by their names, requests
// by their hosts.
func undeclared(subjects ...string) []Want {
	var wants []Want
	for _, subject := range subjects {
		wants = append(wants, Want{Kind: audit.Undeclared, Subject: subject})
	}
	return wants
}

// only is one finding, in those states; none stands for any.
func only(kind audit.Kind, subject string, states ...audit.StateName) []Want {
	return []Want{{kind, subject, states}}
}

const (
	statistics = "statistics"
	thirdParty = "third-party"
)

// Portal is a site with Témoin, with what is wrong whatever a visitor answers. One who has answered
// nothing meets all of it.
var Portal = Site{
	Host: "portail.test",
	Head: `<script src="/temoin.js"></script>`,
	Services: []Service{
		{ID: "technique", Category: "necessary"},
		{ID: "mesure", Category: statistics, More: []string{"cookies: [{ name: mesure, purpose: P, duration: 1 day }]"}},
	},
	Plants: slices.Concat(cookies, stored, requests, workers, innocent),
}

// Answers is a site with Témoin, with what is wrong after some answers, and right after others.
var Answers = Site{
	Host: "reponses.test",
	Head: `<script src="/temoin.js"></script>`,
	Services: []Service{
		{ID: "technique", Category: "necessary"},
		{ID: "mesure", Category: statistics},
		{ID: "film", Category: thirdParty},
		{ID: "fantome", Category: statistics},
		{ID: "exempte", Category: statistics, More: []string{
			"kind: measure", "anonymous: true",
			"exemption: { own-use-only: true, anonymous-data: true, single-site: true, not-renewed: true, data-retention: 25 months }",
		}},
	},
	Plants: slices.Concat(answers, controls),
}

// answers are wrong after some answers.
var answers = []Plant{
	{Name: "script", Declared: Declared{Service: "mesure", Cookie: "duration: 1 day"}, Want: unasked("NAME", thirdParty),
		Markup: `<script>document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax'</script>`},
	{Name: "http-only", Declared: Declared{Service: "mesure", Cookie: "duration: 1 day, http-only: true"}, Want: unasked("NAME", thirdParty),
		Markup: `<img alt="" src="/NAME/p.gif?set=NAME=a1b2;max-age=3600;path=/;secure;httponly;samesite=lax">`},
	{Name: "refused", Declared: Declared{Service: "mesure", Cookie: "duration: 1 day, http-only: true"},
		Want:   only(audit.AfterRefusal, "NAME", audit.Refused, audit.Withdrawn, audit.OnlyState(thirdParty)),
		Markup: `<script>document.addEventListener('temoin:change', () => { if (!temoin.has('mesure')) fetch('/NAME/p.json?set=NAME=a1b2;max-age=3600;path=/;secure;httponly;samesite=lax', { keepalive: true }) })</script>`},
	{Name: "withdrawn", Declared: Declared{Service: "mesure", Cookie: "duration: 1 day, http-only: true"}, Want: only(audit.AfterWithdrawal, "NAME", audit.Withdrawn),
		Markup: `<script>document.addEventListener('temoin:change', ({ detail }) => { if (detail.previous?.choices.statistics && !detail.choices.statistics) fetch('/NAME/p.json?set=NAME=a1b2;max-age=3600;path=/;secure;httponly;samesite=lax', { keepalive: true }) })</script>`},
	{Name: "wrong-category", Declared: Declared{Service: "mesure", Cookie: "duration: 1 day"}, Want: only(audit.WrongCategory, "NAME", audit.OnlyState(thirdParty)),
		Markup: `<script type="text/plain" data-consent="third-party">document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax'</script>`},
	{Name: "gpc", Declared: Declared{Service: "mesure", Cookie: "duration: 1 day"}, Want: only(audit.DespiteGPC, "NAME", audit.GPC),
		Markup: `<script>if (navigator.globalPrivacyControl && !temoin.choice) document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax'</script>`},
	{Name: "back-again", Want: undeclared("NAME"), // for who comes with an answer
		Markup: `<script>if (temoin.choice && temoin.has('statistics')) document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax'</script>`},
	{Name: "objected", Declared: Declared{Service: "exempte", Cookie: "duration: 13 months, http-only: true"},
		Want:   only(audit.AfterRefusal, "NAME", audit.Refused, audit.Withdrawn, audit.OnlyState(thirdParty)),
		Markup: `<script>if (!navigator.globalPrivacyControl) fetch('/NAME/p.json?set=NAME=a1b2;max-age=3600;path=/;secure;httponly;samesite=lax')</script>`},
	{Name: "kept", Declared: Declared{Service: "mesure", Cookie: "duration: 1 day, http-only: true"}, Want: only(audit.Kept, "NAME", audit.Withdrawn), // no script can delete it, and the server does not
		Markup: `<script type="text/plain" data-consent="mesure">fetch('/NAME/p.json?set=NAME=a1b2;max-age=3600;path=/;secure;httponly;samesite=lax')</script>`},
	{Name: "never-either", Declared: Declared{Service: "film", Cookie: "duration: 1 day, party: third"}, Want: only(audit.NeverSeen, "NAME")},
	{Name: "ghost", Declared: Declared{Service: "fantome", Cookie: "duration: 1 day"}, Want: only(audit.AskedForNothing, "fantome")},
	{Name: "local", Declared: Declared{Service: "mesure", Local: true}, Want: unasked("NAME", thirdParty),
		Markup: `<script>localStorage.setItem('NAME', 'a1b2')</script>`},
	{Name: "css-pixel", Declared: Declared{Service: "mesure", Host: true}, Want: unasked("HOST", thirdParty),
		Markup: `<style>#NAME { background: url(https://HOST/p.gif) }</style><p id="NAME">x</p>`},
	{Name: "worker", Declared: Declared{Service: "film", Host: true}, Want: unasked("HOST", statistics),
		Markup: `<script>new Worker('/NAME/worker.js')</script>`,
		Files:  map[string]string{"/NAME/worker.js": `fetch('https://HOST/p.json', { mode: 'no-cors' })`}},
}

// cookies are set where or when they may not be, or otherwise than is declared.
var cookies = []Plant{
	{Name: "script-nowhere", Want: undeclared("NAME"),
		Markup: `<script>document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax'</script>`},
	{Name: "cookie-store", Want: undeclared("NAME"),
		Markup: `<script>cookieStore.set({ name: 'NAME', value: 'a1b2', expires: Date.now() + 3600e3, sameSite: 'lax' })</script>`},
	{Name: "redirect", Want: undeclared("NAME"),
		Markup: `<img alt="" src="/NAME/lead?set=NAME=a1b2;max-age=3600;path=/;secure;httponly;samesite=lax&to=/NAME/p.gif">`},
	{Name: "fetched", Want: undeclared("NAME"),
		Markup: `<script>fetch('/NAME/p.json?set=NAME=a1b2;max-age=3600;path=/;secure;httponly;samesite=lax')</script>`},
	{Name: "below", Want: undeclared("NAME"),
		Markup: `<script>document.cookie = 'NAME=a1b2; max-age=3600; path=/ailleurs; secure; samesite=lax'</script>`},
	{Name: "session-cookie", Want: undeclared("NAME"),
		Markup: `<script>document.cookie = 'NAME=a1b2; path=/; secure; samesite=lax'</script>`},
	{Name: "short-lived", Want: undeclared("NAME"), // gone when the audit looks into the jar
		Markup: `<script>document.cookie = 'NAME=a1b2; path=/; secure; samesite=lax'; setTimeout(() => { document.cookie = 'NAME=; max-age=0; path=/; secure; samesite=lax' }, 300)</script>`},
	{Name: "cname", Want: undeclared("NAME"), // a name of the site's own that leads to somebody else
		Markup: `<img alt="" src="https://NAME.portail.test/p.gif?set=NAME=a1b2;max-age=3600;path=/;domain=portail.test;secure;httponly;samesite=lax">`},
	{Name: "third-cookie", Want: undeclared("NAME", "HOST"),
		Markup: `<img alt="" src="https://HOST/p.gif?set=NAME=a1b2;max-age=3600;path=/;secure;samesite=none">`},
	{Name: "third-redirect", Want: undeclared("NAME", "HOST"),
		Markup: `<img alt="" src="/NAME/lead?to=https://HOST/p.gif?set=NAME=a1b2;max-age=3600;path=/;secure;httponly;samesite=none">`},
	{Name: "partitioned", Want: undeclared("NAME", "HOST"),
		Markup: `<iframe title="" src="https://HOST/NAME/frame.html"></iframe>`,
		Files:  map[string]string{"/NAME/frame.html": `<script>document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=none; partitioned'</script>`}},
	{Name: "srcdoc", Want: undeclared("NAME"),
		Markup: `<iframe title="" srcdoc="<script>document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax'</script>"></iframe>`},
	{Name: "own-frame", Want: undeclared("NAME"),
		Markup: `<iframe title="" src="/NAME/frame.html"></iframe>`,
		Files:  map[string]string{"/NAME/frame.html": `<script>document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax'</script>`}},
	{Name: "scrolled", Want: undeclared("NAME"),
		Markup: `<script>addEventListener('scroll', () => { if (scrollY > 1000) document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax' })</script>`},
	{Name: "seen-at-the-end", Want: undeclared("HOST"), // loads when the page's end comes into view
		Markup: `<div id="NAME" style="position:absolute;top:6000px;height:1px;width:1px"></div><script>
new IntersectionObserver(([entry], o) => { if (entry.isIntersecting) { o.disconnect(); new Image().src = 'https://HOST/p.gif' } }).observe(document.getElementById('NAME'))</script>`},
	{Name: "lazy", Want: undeclared("HOST"),
		Markup: `<img alt="" loading="lazy" width="1" height="1" style="position:absolute;top:5900px" src="https://HOST/p.gif">`},
	{Name: "two-years", Declared: Declared{Service: "technique", Cookie: "duration: 6 months"}, Want: only(audit.Longer, "NAME"),
		Markup: `<script>document.cookie = 'NAME=a1b2; max-age=63072000; path=/; secure; samesite=lax'</script>`},
	{Name: "longer", Declared: Declared{Service: "technique", Cookie: "duration: 1 day, http-only: true"}, Want: only(audit.Longer, "NAME"),
		Markup: `<img alt="" src="/NAME/p.gif?set=NAME=a1b2;max-age=259200;path=/;secure;httponly;samesite=lax">`},
	{Name: "no-session", Declared: Declared{Service: "technique", Cookie: "duration: session"}, Want: only(audit.Longer, "NAME"),
		Markup: `<script>document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax'</script>`},
	{Name: "insecure", Declared: Declared{Service: "technique", Cookie: "duration: 1 day"}, Want: only(audit.NotSecure, "NAME"),
		Markup: `<script>document.cookie = 'NAME=fr; max-age=3600; path=/; samesite=lax'</script>`},
	{Name: "no-samesite", Declared: Declared{Service: "technique", Cookie: "duration: 1 day"}, Want: only(audit.NoSameSite, "NAME"),
		Markup: `<script>document.cookie = 'NAME=fr; max-age=3600; path=/; secure'</script>`},
	{Name: "wrong-party", Declared: Declared{Service: "technique", Cookie: "duration: 1 day, party: third"}, Want: only(audit.WrongParty, "NAME"),
		Markup: `<script>document.cookie = 'NAME=fr; max-age=3600; path=/; secure; samesite=lax'</script>`},
	{Name: "never", Declared: Declared{Service: "technique", Cookie: "duration: 1 day"}, Want: only(audit.NeverSeen, "NAME")},
}

// stored is what is kept beside cookies.
var stored = []Plant{
	{Name: "local-nowhere", Want: undeclared("NAME"), Markup: `<script>localStorage.setItem('NAME', 'a1b2')</script>`},
	{Name: "session", Want: undeclared("NAME"), Markup: `<script>sessionStorage.setItem('NAME', 'a1b2')</script>`},
	{Name: "database", Want: undeclared("NAME"), Markup: `<script>indexedDB.open('NAME', 1)</script>`},
	{Name: "cache", Want: undeclared("NAME"), Markup: `<script>caches.open('NAME').then((c) => c.put('/NAME/x', new Response('a1b2')))</script>`},
	{Name: "frame-local", Want: undeclared("NAME", "HOST"),
		Markup: `<iframe title="" src="https://HOST/NAME/frame.html"></iframe>`,
		Files:  map[string]string{"/NAME/frame.html": `<script>localStorage.setItem('NAME', 'a1b2')</script>`}},
}

// requests go to hosts that no catalogue names, or before anybody has agreed.
var requests = []Plant{
	{Name: "frame", Want: undeclared("HOST"), Markup: `<iframe title="" src="https://HOST/p.html"></iframe>`},
	{Name: "frame-in-frame", Want: undeclared("HOST"),
		Markup: `<iframe title="" src="/NAME/frame.html"></iframe>`,
		Files:  map[string]string{"/NAME/frame.html": `<iframe title="" src="https://HOST/p.html"></iframe>`}},
	{Name: "css-pixel-nowhere", Want: undeclared("HOST"),
		Markup: `<style>#NAME { background: url(https://HOST/p.gif) }</style><p id="NAME">x</p>`},
	{Name: "css-import", Want: undeclared("HOST"), Markup: `<style>@import url(https://HOST/p.css);</style>`},
	{Name: "style-sheet", Want: undeclared("HOST"), Markup: `<link rel="stylesheet" href="https://HOST/p.css">`},
	{Name: "font", Want: undeclared("HOST"),
		Markup: `<style>@font-face { font-family: NAME; src: url(https://HOST/p.woff2) } #NAME { font-family: NAME }</style><p id="NAME">x</p>`},
	{Name: "image", Want: undeclared("HOST"), Markup: `<img alt="" src="https://HOST/p.gif">`},
	{Name: "srcset", Want: undeclared("HOST"), Markup: `<img alt="" src="data:," srcset="https://HOST/p.gif 1x, https://HOST/p.gif?2 2x">`},
	{Name: "svg-image", Want: undeclared("HOST"), Markup: `<svg width="1" height="1"><image width="1" height="1" href="https://HOST/p.gif"/></svg>`},
	{Name: "video", Want: undeclared("HOST"), Markup: `<video preload="auto" muted src="https://HOST/p.mp4"></video>`},
	{Name: "poster", Want: undeclared("HOST"), Markup: `<video preload="none" poster="https://HOST/p.gif"></video>`},
	{Name: "audio", Want: undeclared("HOST"), Markup: `<audio preload="auto" src="https://HOST/p.mp3"></audio>`},
	{Name: "object", Want: undeclared("HOST"), Markup: `<object data="https://HOST/p.html" type="text/html" width="1" height="1"></object>`},
	{Name: "embed", Want: undeclared("HOST"), Markup: `<embed src="https://HOST/p.html" type="text/html" width="1" height="1">`},
	{Name: "input-image", Want: undeclared("HOST"), Markup: `<input type="image" alt="" src="https://HOST/p.gif">`},
	{Name: "shadow", Want: undeclared("HOST"),
		Markup: `<div><template shadowrootmode="closed"><img alt="" src="https://HOST/p.gif"></template></div>`},
	{Name: "script-tag", Want: undeclared("HOST"), Markup: `<script async src="https://HOST/p.js"></script>`},
	{Name: "module", Want: undeclared("HOST"), Markup: `<script type="module">import('https://HOST/p.js')</script>`},
	{Name: "modulepreload", Want: undeclared("HOST"), Markup: `<link rel="modulepreload" href="https://HOST/p.js">`},
	{Name: "preload", Want: undeclared("HOST"), Markup: `<link rel="preload" as="script" href="https://HOST/p.js">`},
	{Name: "prefetch", Want: undeclared("HOST"), Markup: `<link rel="prefetch" href="https://HOST/p.html">`},
	{Name: "preconnect", Want: undeclared("HOST"), Markup: `<link rel="preconnect" href="https://HOST">`},
	{Name: "fetch", Want: undeclared("HOST"), Markup: `<script>fetch('https://HOST/p.json', { mode: 'no-cors' })</script>`},
	{Name: "preflight", Want: undeclared("HOST"),
		Markup: `<script>fetch('https://HOST/p.json', { method: 'PUT', headers: { 'X-Visitor': 'a1b2' } }).catch(() => {})</script>`},
	{Name: "xhr", Want: undeclared("HOST"), Markup: `<script>{ const r = new XMLHttpRequest; r.open('GET', 'https://HOST/p.json'); r.send() }</script>`},
	{Name: "beacon", Want: undeclared("HOST"), Markup: `<script>navigator.sendBeacon('https://HOST/p.json', 'x')</script>`},
	{Name: "farewell", Want: undeclared("HOST"), Markup: `<script>addEventListener('pagehide', () => navigator.sendBeacon('https://HOST/p.json', 'x'))</script>`},
	{Name: "event-source", Want: undeclared("HOST"), Markup: `<script>new EventSource('https://HOST/events')</script>`},
	{Name: "socket", Want: undeclared("HOST"), Markup: `<script>new WebSocket('wss://HOST/socket')</script>`},
	{Name: "fingerprint", Want: undeclared("HOST"),
		Markup: `<script>new Image().src = 'https://HOST/p.gif?sw=' + screen.width + '&sh=' + screen.height + '&tz=' + new Date().getTimezoneOffset() + '&c=' + navigator.hardwareConcurrency + '&l=' + navigator.language</script>`},
	{Name: "led-on", Want: undeclared("HOST"), Markup: `<img alt="" src="/NAME/lead?to=https://HOST/p.gif">`},
	{Name: "policy-report", Page: "/politique", Want: undeclared("HOST"),
		Policy: "script-src 'self'; report-uri https://HOST/p.json", Markup: `<script>void 0</script>`},
	{Name: "form-frame", Want: undeclared("HOST"),
		Markup: `<iframe title="" name="NAME"></iframe><form action="https://HOST/p.html" method="post" target="NAME"></form><script>document.querySelector('form[target="NAME"]').submit()</script>`},
	{Name: "empty-frame", Want: undeclared("HOST"), // a frame's own fetch, which no page has wrapped
		Markup: `<iframe id="NAME" title=""></iframe><script>document.getElementById('NAME').contentWindow.fetch('https://HOST/p.json', { mode: 'no-cors' })</script>`},
}

// workers ask beside the page.
var workers = []Plant{
	{Name: "worker-nowhere", Page: "/travail", Want: undeclared("HOST"),
		Markup: `<script>new Worker('/NAME/worker.js')</script>`,
		Files:  map[string]string{"/NAME/worker.js": `fetch('https://HOST/p.json', { mode: 'no-cors' })`}},
	{Name: "blob-worker", Page: "/travail", Want: undeclared("HOST"),
		Markup: "<script>new Worker(URL.createObjectURL(new Blob(['fetch(\"https://HOST/p.json\", { mode: \"no-cors\" })'])))</script>"},
	{Name: "worker-in-worker", Page: "/travail", Want: undeclared("HOST"),
		Markup: `<script>new Worker('/NAME/outer.js')</script>`,
		Files: map[string]string{"/NAME/outer.js": `new Worker('/NAME/worker.js')`,
			"/NAME/worker.js": `fetch('https://HOST/p.json', { mode: 'no-cors' })`}},
	{Name: "shared-worker", Page: "/travail", Want: undeclared("HOST"),
		Markup: `<script>new SharedWorker('/NAME/worker.js')</script>`,
		Files:  map[string]string{"/NAME/worker.js": `fetch('https://HOST/p.json', { mode: 'no-cors' })`}},
	{Name: "service-worker", Page: "/travail", Want: undeclared("HOST"),
		Markup: `<script>navigator.serviceWorker.register('/NAME/worker.js', { scope: '/NAME/' })</script>`,
		Files:  map[string]string{"/NAME/worker.js": `addEventListener('install', (e) => e.waitUntil(fetch('https://HOST/p.json', { mode: 'no-cors' })))`}},
}

// innocent is what no answer changes, and is no fault.
var innocent = []Plant{
	{Name: "data-image", Markup: `<img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">`},
	{Name: "blob-image", Markup: `<img id="NAME" alt=""><script>document.getElementById('NAME').src = URL.createObjectURL(new Blob(['x'], { type: 'image/gif' }))</script>`},
	{Name: "link-away", Markup: `<a href="https://HOST/">elsewhere</a>`},
	{Name: "comment", Firefox: &Otherwise{"it asks ahead of time for images in a template", undeclared("HOST")}, Markup: `<!-- <img src="https://HOST/p.gif"> --><template><img alt="" src="https://HOST/p.gif"></template>`},
	{Name: "own-image", Markup: `<img alt="" src="/NAME/p.gif">`},
	{Name: "deleted", Markup: `<script>document.cookie = 'NAME=; max-age=0; path=/; secure; samesite=lax'</script>`},
	{Name: "refused-cookie", Markup: `<script>document.cookie = 'NAME=a; domain=other.test; path=/; secure'</script>`}, // no browser takes it
}

// controls are in order: whatever is found of them is a false alarm.
var controls = []Plant{
	{Name: "login", Declared: Declared{Service: "technique", Cookie: "duration: session, http-only: true"},
		Markup: `<img alt="" src="/NAME/p.gif?set=NAME=a1b2;path=/;secure;httponly;samesite=lax">`},
	{Name: "language", Declared: Declared{Service: "technique", Cookie: "duration: at most 12 months"},
		Markup: `<script>document.cookie = 'NAME=fr; max-age=31536000; path=/; secure; samesite=lax'</script>`},
	{Name: "strict", Declared: Declared{Service: "technique", Cookie: "duration: 1 day"},
		Markup: `<script>document.cookie = 'NAME=fr; max-age=3600; path=/; secure; samesite=strict'</script>`},
	{Name: "local-setting", Declared: Declared{Service: "technique", Local: true}, Markup: `<script>localStorage.setItem('NAME', 'dark')</script>`},
	{Name: "exempt", Declared: Declared{Service: "exempte", Cookie: "duration: 13 months"},
		Markup: `<script>if (temoin.has('exempte')) document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax'</script>`},
	{Name: "gated-cookie", Declared: Declared{Service: "mesure", Cookie: "duration: 1 day"},
		Markup: `<script type="text/plain" data-consent="mesure">document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax'</script>`},
	{Name: "gated-local", Declared: Declared{Service: "mesure", Local: true},
		Markup: `<script type="text/plain" data-consent="mesure">localStorage.setItem('NAME', 'a1b2')</script>`},
	{Name: "gated-session", Declared: Declared{Service: "mesure", Session: true}, // removed when consent is withdrawn
		Markup: `<script type="text/plain" data-consent="mesure">sessionStorage.setItem('NAME', 'a1b2')</script>`},
	{Name: "gated-frame", Declared: Declared{Service: "film", Host: true},
		Markup: `<iframe title="" width="200" height="100" data-consent="film" data-src="https://HOST/p.html"></iframe>`},
	{Name: "gated-third", Declared: Declared{Service: "film", Host: true, Cookie: "duration: 1 day, party: third"},
		Markup: `<iframe title="" width="200" height="100" data-consent="film" data-src="https://HOST/p.html?set=NAME=a1b2;max-age=3600;path=/;secure;samesite=none"></iframe>`},
	{Name: "held-fetch", Declared: Declared{Service: "mesure", Host: true},
		Markup: `<script>fetch('https://HOST/p.json', { mode: 'no-cors' }).catch(() => {})</script>`},
	{Name: "held-image", Declared: Declared{Service: "mesure", Host: true}, Markup: `<script>new Image().src = 'https://HOST/p.gif'</script>`},
	{Name: "held-script", Declared: Declared{Service: "film", Host: true},
		Markup: `<script>document.head.append(Object.assign(document.createElement('script'), { src: 'https://HOST/p.js' }))</script>`},
	{Name: "necessary-host", Declared: Declared{Service: "technique", Host: true}, Markup: `<img alt="" src="https://HOST/p.gif">`},
}
