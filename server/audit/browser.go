package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// chromes are what Chromium is called, the likeliest first.
var chromes = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "chromium-headless-shell"}

// quietFlags keep the browser from asking anybody for anything but what the site's pages ask for.
var quietFlags = []string{
	"--headless=new", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-gpu",
	"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
	"--disable-default-apps", "--disable-breakpad", "--metrics-recording-only", "--password-store=basic", "--use-mock-keychain",
	"--disable-features=Translate,OptimizationHints,MediaRouter,AutofillServerCommunication,CertificateTransparencyComponentUpdater",
	"--disable-dev-shm-usage", "--mute-audio", "--window-size=1280,900", "--hide-scrollbars",
	// Pages in the background are no slower: what comes late comes as late as for a visitor.
	"--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--disable-backgrounding-occluded-windows",
}

// chrome is one running Chromium with a profile.
type chrome struct {
	root    *session
	product string // "Chrome/156.0.8078.108"
	profile string // its folder
	process *process
	pipe    *chromedp.PipeConn
}

// findChrome returns Chromium's path.
func findChrome(o Options) (string, error) {
	if o.Browser != "" {
		return exec.LookPath(o.Browser)
	}
	for _, name := range chromes {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium found: install one (Debian: apt install chromium), or name its path with -browser")
}

// startChrome starts a browser with the profile in that folder. It ends no later than ctx.
func startChrome(ctx context.Context, o Options, profile string) (*chrome, error) {
	path, err := findChrome(o)
	if err == nil {
		err = writePreferences(profile)
	}
	if err != nil {
		return nil, err
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirIn.Close(), in.Close())
	}
	c := &chrome{profile: profile, pipe: chromedp.NewPipeConn(out, in)}
	command := exec.CommandContext(ctx, path, chromeFlags(o, profile)...)
	command.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4, as the flag has it
	c.process, err = startProcess(command)
	theirIn.Close()
	theirOut.Close()
	if err != nil {
		c.pipe.Close()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	c.root = &session{wire: newWire(c.pipe)}
	starting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	version, err := cdp.Call(starting, c.root, browser.GetVersion, cdp.Empty{})
	if err != nil {
		c.kill()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	c.product = version.Product
	return c, nil
}

func chromeFlags(o Options, profile string) []string {
	flags := append([]string{"--user-data-dir=" + profile, "--log-net-log=" + netLogFile(profile), "--net-log-max-size-mb=256"}, quietFlags...)
	if os.Getuid() == 0 { // Chromium's sandbox does not run as root
		flags = append(flags, "--no-sandbox")
	}
	if o.Insecure {
		flags = append(flags, "--ignore-certificate-errors")
	}
	if o.Resolve != "" {
		flags = append(flags, "--host-resolver-rules="+o.Resolve)
	}
	return append(flags, "about:blank")
}

// close lets the browser write its profile, and kills it if that takes longer than ten seconds. One
// that hangs takes nothing in, and would keep who tells it.
func (c *chrome) close() {
	go tell(c.root, browser.Close, cdp.Empty{})
	c.process.await()
	c.kill()
}

// kill ends the browser at once: without its pipe, all its processes go.
func (c *chrome) kill() {
	c.process.kill()
	c.pipe.Close() // nothing is to be told any more
}

// preferences let other sites' cookies in: some builds of Chromium keep them out, and a visitor's
// browser that does not would have them.
const preferences = `{"profile":{"cookie_controls_mode":0,"block_third_party_cookies":false}}`

// newProfile makes a folder for a profile; the function removes it.
func newProfile() (string, func(), error) {
	folder, err := os.MkdirTemp("", "temoin-audit-")
	if err != nil {
		return "", nil, err
	}
	return folder, func() {
		// Processes that the browser leaves behind write for a moment yet.
		for range 20 {
			if os.RemoveAll(folder) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}, nil
}

// writePreferences writes them into a profile that has none yet.
func writePreferences(folder string) error {
	profile := filepath.Join(folder, "Default")
	if err := os.Mkdir(profile, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil // an earlier browser's
		}
		return err
	}
	return os.WriteFile(filepath.Join(profile, "Preferences"), []byte(preferences), 0o600)
}
