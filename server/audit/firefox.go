package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// firefoxes are what Firefox is called, the likeliest first.
var firefoxes = []string{"firefox", "firefox-esr", "firefox-bin"}

// isFirefox says whether a browser that was named is a Firefox: its file says so by its name.
func isFirefox(browser string) bool {
	return strings.Contains(strings.ToLower(filepath.Base(browser)), "firefox")
}

// findFirefox returns Firefox's path. "firefox" is any of them.
func findFirefox(o Options) (string, error) {
	if o.Browser != firefoxes[0] {
		return exec.LookPath(o.Browser)
	}
	for _, name := range firefoxes {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Firefox found: install one (Debian: apt install firefox-esr), or name its path with -browser")
}

// quietPrefs keep the browser from asking anybody for anything but what the site's pages ask for. What
// protects a visitor stays as Firefox has it, but for lists of trackers, which it would have to fetch.
var quietPrefs = map[string]any{
	"app.normandy.enabled": false, "app.update.disabledForTesting": true, "app.update.enabled": false, "app.update.url": "",
	"browser.contentblocking.report.hide_vpn_banner": true, "browser.newtabpage.enabled": false, "browser.region.network.url": "", "browser.region.update.enabled": false,
	"browser.safebrowsing.downloads.enabled": false, "browser.safebrowsing.malware.enabled": false, "browser.safebrowsing.phishing.enabled": false,
	"browser.safebrowsing.provider.google4.updateURL": "", "browser.safebrowsing.provider.google5.updateURL": "", "browser.safebrowsing.provider.mozilla.updateURL": "", "browser.safebrowsing.update.enabled": false,
	"browser.search.suggest.enabled": false, "browser.search.update": false, "browser.shell.checkDefaultBrowser": false, "browser.startup.homepage": "about:blank", "browser.startup.page": 0,
	"browser.topsites.contile.enabled": false, "browser.translations.enable": false,
	"datareporting.healthreport.uploadEnabled": false, "datareporting.policy.dataSubmissionEnabled": false, "devtools.jsonview.enabled": false, "dom.push.connection.enabled": false,
	"extensions.blocklist.enabled": false, "extensions.getAddons.cache.enabled": false, "extensions.systemAddon.update.enabled": false, "extensions.systemAddon.update.url": "", "extensions.update.enabled": false,
	"geo.provider.network.url": "", "media.gmp-manager.updateEnabled": false, "media.gmp-manager.url": "", "messaging-system.rsexperimentloader.enabled": false,
	"network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false, "network.dns.disablePrefetch": true, "network.http.speculative-parallel-limit": 0,
	"network.predictor.enabled": false, "network.trr.mode": 5, "security.OCSP.enabled": 0, "security.remote_settings.crlite_filters.enabled": false, "security.remote_settings.intermediates.enabled": false,
	// Remote settings have no server: the environment lets this be heard.
	"services.settings.server":  "data:,#remote-settings-dummy/v1",
	"signon.rememberSignons":    false,
	"toolkit.telemetry.enabled": false, "toolkit.telemetry.unified": false, "toolkit.telemetry.server": "",
	// Pages in the background are no slower, and what pages ask the visitor for is denied.
	"dom.min_background_timeout_value": 4, "dom.timeout.enable_budget_timer_throttling": false,
	"permissions.default.camera": 2, "permissions.default.desktop-notification": 2, "permissions.default.geo": 2, "permissions.default.microphone": 2, "permissions.default.xr": 2,
}

// firefox is one running Firefox with a profile.
type firefox struct {
	wire    *bidi
	product string // "Firefox/153.8.0"
	profile string // its folder
	process *process
	relay   *relay // nil where hosts are where they are
}

// startFirefox starts a browser with the profile in that folder. It ends no later than ctx.
func startFirefox(ctx context.Context, o Options, profile string, gpc bool) (*firefox, error) {
	path, err := findFirefox(o)
	if err != nil {
		return nil, err
	}
	f := &firefox{profile: profile}
	if err := f.prepare(ctx, o, gpc); err != nil {
		return nil, err
	}
	said := &listening{address: make(chan string, 1)}
	command := exec.CommandContext(ctx, path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0")
	command.Env = append(os.Environ(), "MOZ_REMOTE_SETTINGS_DEVTOOLS=1", "MOZ_CRASHREPORTER_DISABLE=1", "MOZ_LOG="+firefoxLogs, "MOZ_LOG_FILE="+firefoxLogFile(profile))
	command.Stderr = said
	if f.process, err = startProcess(command); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", path, err), f.stopRelay())
	}
	if err := f.meet(ctx, o, said); err != nil {
		f.kill()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return f, nil
}

// prepare writes the profile's preferences.
func (f *firefox) prepare(ctx context.Context, o Options, gpc bool) error {
	prefs := maps.Clone(quietPrefs)
	prefs["privacy.globalprivacycontrol.enabled"], prefs["privacy.globalprivacycontrol.functionality.enabled"] = gpc, gpc
	if o.Resolve != "" {
		rules, err := parseHostRules(o.Resolve)
		if err != nil {
			return err
		}
		if f.relay, err = startRelay(ctx, rules); err != nil {
			return err
		}
		maps.Copy(prefs, map[string]any{
			"network.proxy.type": 1, "network.proxy.socks": "127.0.0.1", "network.proxy.socks_port": f.relay.port(), "network.proxy.socks_version": 5,
			"network.proxy.socks_remote_dns": true, "network.proxy.socks5_remote_dns": true, "network.proxy.no_proxies_on": "", "network.proxy.allow_hijacking_localhost": true,
		})
	}
	var text bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(prefs)) {
		value, err := json.Marshal(prefs[name])
		if err != nil {
			return errors.Join(err, f.stopRelay())
		}
		fmt.Fprintf(&text, "user_pref(%q, %s);\n", name, value)
	}
	if err := os.WriteFile(filepath.Join(f.profile, "user.js"), text.Bytes(), 0o600); err != nil {
		return errors.Join(err, f.stopRelay())
	}
	return nil
}

// meet connects to the browser once it says where it listens.
func (f *firefox) meet(ctx context.Context, o Options, said *listening) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var address string
	select {
	case address = <-said.address:
	case <-f.process.ended:
		return fmt.Errorf("it ended before it could be driven: %s", said.last())
	case <-ctx.Done():
		return fmt.Errorf("it does not say where it listens; want a Firefox that speaks WebDriver BiDi: %w", ctx.Err())
	}
	wire, err := dialBidi(ctx, address+"/session")
	if err != nil {
		return err
	}
	f.wire = wire
	var made struct {
		Capabilities struct {
			Version string `json:"browserVersion"`
		} `json:"capabilities"`
	}
	wants := map[string]any{"acceptInsecureCerts": o.Insecure, "unhandledPromptBehavior": map[string]string{"default": "dismiss", "beforeUnload": "accept"}}
	if err := wire.call(ctx, "session.new", map[string]any{"capabilities": map[string]any{"alwaysMatch": wants}}, &made); err != nil {
		return err
	}
	f.product = "Firefox/" + made.Capabilities.Version
	return nil
}

// close lets the browser write its profile, and kills it if that takes longer than ten seconds. One
// that hangs takes nothing in, and would keep who tells it.
func (f *firefox) close() {
	go f.wire.tell("browser.close", struct{}{})
	f.process.await()
	f.kill()
}

// kill ends the browser at once.
func (f *firefox) kill() {
	f.process.kill()
	if f.wire != nil {
		f.wire.socket.CloseNow() // nothing is to be told any more
	}
	f.stopRelay() // it listens to nobody now
}

func (f *firefox) stopRelay() error {
	if f.relay == nil {
		return nil
	}
	return f.relay.close()
}

// listening is what the browser says on its error output: where it listens, and why it ends.
type listening struct {
	address chan string

	mu   sync.Mutex
	text []byte
	told bool
}

var listensAt = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)\s`)

// Write keeps the end of what is said, and the address when it comes.
func (l *listening) Write(part []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, part...)
	if found := listensAt.FindSubmatch(l.text); found != nil && !l.told {
		l.told = true
		l.address <- string(found[1])
	}
	l.text = l.text[max(0, len(l.text)-4096):]
	return len(part), nil
}

// last returns the last line that was said.
func (l *listening) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(l.text)), "\n")
	return lines[len(lines)-1]
}
