package site

import (
	"fmt"
	"io/fs"
	"sync"

	"temoin.example/temoin/web"
)

// Parts are what ./build.sh build made. Each file is read once, and those that no
// catalogue changes are packed once, for all sites that are made of them: app.wasm
// alone takes 5 MB.
type Parts struct {
	dist fs.FS

	mu     sync.Mutex
	read   map[string][]byte
	shared map[string]sharedAsset
}

// sharedAsset is an asset under the name that holds its hash.
type sharedAsset struct {
	name  string
	asset *Asset
}

// NewParts returns the parts that lie in dist; nil stands for [web.Dist].
func NewParts(dist fs.FS) *Parts {
	if dist == nil {
		dist = web.Dist()
	}
	return &Parts{dist: dist, read: map[string][]byte{}, shared: map[string]sharedAsset{}}
}

// file returns what a file holds. Who asks does not change it.
func (p *Parts) file(name string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if body, found := p.read[name]; found {
		return body, nil
	}
	body, err := fs.ReadFile(p.dist, name)
	if err != nil {
		return nil, fmt.Errorf("read web/dist, which ./build.sh build makes: %w", err)
	}
	p.read[name] = body
	return body, nil
}

// share returns the asset of that name, which first makes where it is not there yet.
func (p *Parts) share(name string, first func() sharedAsset) sharedAsset {
	p.mu.Lock()
	defer p.mu.Unlock()
	made, found := p.shared[name]
	if !found {
		made = first()
		p.shared[name] = made
	}
	return made
}
