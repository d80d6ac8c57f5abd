package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"temoin.example/temoin/server/version"
)

// TLSConfig says with which certificate the server speaks TLS, and HTTP/2: none,
// where a proxy in front does; one of files, which may change while it runs; or
// one that it obtains itself.
type TLSConfig struct {
	// Cert and Key are the paths of a certificate, its intermediates behind it,
	// and of its key, both PEM.
	Cert, Key string
	// Autocert names the hosts, with commas between, for which certificates are
	// obtained by ACME (RFC 8555) from the authority at Directory. That takes port
	// 443, at which the authority asks (RFC 8737).
	Autocert, Directory string
}

// certificates are where a server has its certificate from. The zero value
// speaks no TLS.
type certificates struct {
	config  TLSConfig
	tls     *tls.Config // nil: no TLS
	current atomic.Pointer[tls.Certificate]
	seen    [2]stamp // of the files when they were last read
}

// newCertificates reads what config names. Obtained certificates are kept in data.
func newCertificates(config TLSConfig, data string) (*certificates, error) {
	c := &certificates{config: config}
	switch {
	case (config.Cert == "") != (config.Key == ""):
		return nil, errors.New("-tls-cert and -tls-key go together: the certificate's file, and its key's")
	case config.Cert != "" && config.Autocert != "":
		return nil, errors.New("-autocert obtains a certificate, -tls-cert has one: only one of them")
	case config.Autocert != "" && data == "":
		return nil, errors.New("-autocert keeps its certificates in the folder of -data, which is empty")
	case config.Autocert != "":
		hosts := strings.FieldsFunc(config.Autocert, func(r rune) bool { return r == ',' || r == ' ' })
		if len(hosts) == 0 {
			return nil, fmt.Errorf("-autocert is %q, want the hosts for which certificates are obtained", config.Autocert)
		}
		c.tls = obtained(hosts, config.Directory, data)
	case config.Cert != "":
		c.tls = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil }}
		return c, c.load()
	}
	return c, nil
}

// obtained returns a configuration that obtains certificates when they are first
// asked for, and renews them.
func obtained(hosts []string, directory, data string) *tls.Config {
	manager := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(data, "autocert")),
		HostPolicy: autocert.HostWhitelist(hosts...),
		Client:     &acme.Client{DirectoryURL: directory, UserAgent: version.UserAgent()},
	}
	return manager.TLSConfig()
}

// changed reports whether the files are others than those that were read.
func (c *certificates) changed() bool { return c.config.Cert != "" && c.seen != c.stamps() }

func (c *certificates) stamps() [2]stamp {
	return [2]stamp{stampOf(c.config.Cert), stampOf(c.config.Key)}
}

// load reads the files, where there are any; what cannot be used leaves the old
// certificate in its place.
func (c *certificates) load() error {
	if c.config.Cert == "" {
		return nil
	}
	c.seen = c.stamps()
	certificate, err := tls.LoadX509KeyPair(c.config.Cert, c.config.Key)
	if err != nil {
		return fmt.Errorf("read -tls-cert %s and -tls-key %s: %w", c.config.Cert, c.config.Key, err)
	}
	c.current.Store(&certificate)
	return nil
}
