package plants

import "temoin.example/temoin/server/audit"

// bar is a banner of nobody's: the markup is its buttons.
func bar(buttons string) string {
	return `<div id="cookie-bar" style="position:fixed;bottom:0;left:0;right:0;background:#eee;padding:20px">
<p>Ce site utilise des cookies pour mesurer son audience.</p>` + buttons + `</div>
<script>for (const id of ['yes', 'no']) document.getElementById(id)?.addEventListener('click', () => {
  document.cookie = 'cookie_consent=' + id + '; max-age=3600; path=/; secure; samesite=lax'; document.getElementById('cookie-bar').remove() })
if (document.cookie.includes('cookie_consent=')) document.getElementById('cookie-bar').remove()</script>`
}

// Others are sites whose banner, or whose silence, is what is looked at.
var Others = []Site{
	{Host: "deux-pas.test", Plants: []Plant{{Name: "two-steps", Want: only(audit.RefusalHarder, "unknown"),
		Markup: bar(`<button id="yes">Tout accepter</button> <button onclick="document.getElementById('more').hidden = false">Personnaliser</button>
<div id="more" hidden><label><input type="checkbox"> Statistiques</label> <button id="no">Tout refuser</button></div>`)}}},
	{Host: "transparent.test", Plants: []Plant{{Name: "transparent", Want: only(audit.RefuseHidden, "unknown"),
		Markup: bar(`<button id="yes">Tout accepter</button> <button id="no" style="opacity:0">Tout refuser</button>`)}}},
	{Host: "sans-refus.test", Plants: []Plant{{Name: "no-refuse", Want: only(audit.RefuseHidden, "unknown"),
		Markup: bar(`<button id="yes">J’ai compris, accepter</button>`)}}},
	{Host: "juste.test", Plants: []Plant{{Name: "fair",
		Markup: bar(`<button id="yes">Tout accepter</button> <button id="no">Tout refuser</button> <button>Personnaliser</button>`)}}},
	{Host: "muet.test", Plants: []Plant{{Name: "silent"}}},
	{Host: "tardif.test", Plants: []Plant{
		{Name: "no-banner", Want: undeclared("NAME"),
			Markup: `<script>document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax'</script>`},
		{Name: "late-cookie", Want: undeclared("NAME"),
			Markup: `<script>setTimeout(() => { document.cookie = 'NAME=a1b2; max-age=3600; path=/; secure; samesite=lax' }, 5000)</script>`},
		{Name: "late-request", Want: undeclared("HOST"),
			Markup: `<script>setTimeout(() => { new Image().src = 'https://HOST/p.gif' }, 5000)</script>`},
	}},
	{Host: "demande.test", Head: `<script src="/temoin.js"></script>`, Services: []Service{{ID: "absent", Category: thirdParty}},
		Plants: []Plant{{Name: "asked", Declared: Declared{Service: "absent", Cookie: "duration: 1 day, party: third"}, Want: only(audit.AskedForNothing, "absent")}}},
}
