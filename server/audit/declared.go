package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"temoin.example/temoin/server/catalogue"
)

// CataloguePath is where a site with Témoin serves its catalogue.
const CataloguePath = "/temoin/catalogue.json"

// ErrNoCatalogue is returned where a site serves no catalogue.
var ErrNoCatalogue = errors.New("the site serves no catalogue at " + CataloguePath)

const (
	maxCatalogue  = 4 << 20 // bytes; a catalogue with hundreds of services has a few hundred thousand
	catalogueTime = 20 * time.Second
)

// Published returns the catalogue that a site serves itself. It returns
// [ErrNoCatalogue] where there is none, and another error where there is one that
// cannot be read: then what the site declares is not known.
func Published(ctx context.Context, site string) (*catalogue.Catalogue, error) {
	address, err := url.Parse(site)
	if err != nil {
		return nil, fmt.Errorf("read the address of the site: %w", err)
	}
	address = address.ResolveReference(&url.URL{Path: CataloguePath})
	ctx, cancel := context.WithTimeout(ctx, catalogueTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("ask for the site's catalogue: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for the site's catalogue: %w", err)
	}
	defer response.Body.Close()
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode != http.StatusOK || kind != "application/json" {
		return nil, ErrNoCatalogue
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxCatalogue+1))
	if err != nil {
		return nil, fmt.Errorf("read the site's catalogue: %w", err)
	}
	if len(data) > maxCatalogue {
		return nil, fmt.Errorf("read the site's catalogue: %s has more than %d bytes", address, maxCatalogue)
	}
	return catalogue.Published(address.String(), data)
}
