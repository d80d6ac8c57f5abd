package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

// bills writes for each program what it is made of, read from the program itself.
func (r *release) bills() error {
	for _, t := range r.targets {
		info, err := buildinfo.ReadFile(r.program(t))
		if err != nil {
			return err
		}
		program, err := os.ReadFile(r.program(t))
		if err != nil {
			return err
		}
		bill, err := r.bill(info, sha256.Sum256(program))
		if err != nil {
			return err
		}
		if err := r.write(fmt.Sprintf("temoin_%s_%s.cdx.json", r.version, t), bill); err != nil {
			return err
		}
	}
	return nil
}

// bill returns a CycloneDX bill of materials: the program with its hash, Go's
// standard library, and every module that is linked in.
func (r *release) bill(info *debug.BuildInfo, sum [sha256.Size]byte) ([]byte, error) {
	self := component(cyclonedx.ComponentTypeApplication, info.Main.Path, "v"+r.version)
	self.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sum)}}
	self.Licenses = &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "MIT"}}}

	components := []cyclonedx.Component{component(cyclonedx.ComponentTypeLibrary, "std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		components = append(components, component(cyclonedx.ComponentTypeLibrary, module.Path, module.Version))
	}
	var refs []string
	for _, c := range components {
		refs = append(refs, c.BOMRef)
	}
	bom := cyclonedx.NewBOM()
	// A name that follows from the program, so that the same program has the same bill.
	bom.SerialNumber = "urn:uuid:" + uuid(sum)
	bom.Metadata = &cyclonedx.Metadata{Timestamp: r.time.Format(time.RFC3339), Component: &self}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: self.BOMRef, Dependencies: &refs}}

	var data bytes.Buffer
	encoder := cyclonedx.NewBOMEncoder(&data, cyclonedx.BOMFileFormatJSON).SetPretty(true)
	err := encoder.EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	return data.Bytes(), err
}

// component names a module as package URLs do.
func component(kind cyclonedx.ComponentType, path, version string) cyclonedx.Component {
	url := "pkg:golang/" + strings.ToLower(path) + "@" + strings.ReplaceAll(version, "+", "%2B")
	return cyclonedx.Component{Type: kind, BOMRef: url, Name: path, Version: version, PackageURL: url}
}

// uuid makes a UUID of a hash: of version 8, which RFC 9562 leaves to each program.
func uuid(sum [sha256.Size]byte) string {
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
