// Command weigh prints how many bytes of code each package has in a WebAssembly
// file that was built with names (-ldflags=-w), the heaviest first. It reads from
// standard input which packages there are: the linker writes "_" for "/" and "-".
// go tool nm does not read WebAssembly.
package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go list -deps | weigh FILE.wasm")
		os.Exit(2)
	}
	if err := weigh(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "server/tools/weigh:", err)
		os.Exit(1)
	}
}

func weigh(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	m, err := parse(data)
	if err != nil {
		return err
	}
	packages, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	print(m, m.weights(strings.Fields(string(packages))))
	return nil
}

func print(m *module, weights map[string]int) {
	names := slices.SortedFunc(maps.Keys(weights), func(a, b string) int {
		return cmp.Or(weights[b]-weights[a], strings.Compare(a, b))
	})
	fmt.Print("\nCode in bytes by package, before compression; the tables that Go's runtime reads come on top\n\n")
	for _, name := range names {
		fmt.Printf("%10d  %4.1f %%  %s\n", weights[name], 100*float64(weights[name])/float64(m.code), name)
	}
	fmt.Printf("%10d          all code\n%10d          data: tables of the runtime, types, texts\n", m.code, m.data)
}

// module is what is looked for in a file (WebAssembly 1.0, section 5).
type module struct {
	imported   int            // functions, which come first in the numbering
	sizes      []int          // of the functions
	names      map[int]string // of functions, by number
	code, data int
}

// weights sums the functions up by package.
func (m *module) weights(packages []string) map[string]int {
	written := map[string]string{}
	for _, name := range packages {
		written[strings.NewReplacer("/", "_", "-", "_").Replace(name)] = name
	}
	sums := map[string]int{}
	for i, size := range m.sizes {
		sums[packageOf(m.names[m.imported+i], written)] += size
	}
	return sums
}

// packageOf returns the package of a function. Of what is behind its name, it is
// the first dot that divides them, but for one in the name, as in github.com.
func packageOf(function string, written map[string]string) string {
	for i, c := range function {
		if name, found := written[function[:i]]; found && c == '.' {
			return name
		}
	}
	return "(written by the compiler and the linker)"
}

var errFormat = errors.New("no WebAssembly file of a kind that Go writes")

func parse(data []byte) (*module, error) {
	if len(data) < 8 || string(data[:4]) != "\x00asm" {
		return nil, errFormat
	}
	m := &module{names: map[int]string{}}
	file := &reader{rest: data[8:]}
	for len(file.rest) > 0 && !file.broken {
		kind := file.byte()
		section := &reader{rest: file.bytes(file.number())}
		size := len(section.rest)
		switch kind {
		case 0:
			if string(section.bytes(section.number())) == "name" {
				m.readNames(section)
			}
		case 2:
			m.readImports(section)
		case 10:
			m.code = size
			for range section.number() {
				body := section.number()
				section.bytes(body)
				m.sizes = append(m.sizes, body)
			}
		case 11:
			m.data = size
		}
		file.broken = file.broken || section.broken
	}
	if file.broken || len(m.names) == 0 {
		return nil, errFormat
	}
	return m, nil
}

// readImports counts the functions; Go imports nothing else.
func (m *module) readImports(r *reader) {
	for range r.number() {
		r.bytes(r.number()) // module
		r.bytes(r.number()) // name
		r.broken = r.broken || r.byte() != 0
		r.number() // type
		m.imported++
	}
}

func (m *module) readNames(r *reader) {
	for len(r.rest) > 0 && !r.broken {
		kind := r.byte()
		part := &reader{rest: r.bytes(r.number())}
		if kind != 1 { // functions
			continue
		}
		for range part.number() {
			index := part.number()
			m.names[index] = string(part.bytes(part.number()))
		}
	}
}

// reader reads the pieces that a file is made of.
type reader struct {
	rest   []byte
	broken bool
}

func (r *reader) byte() byte {
	b := r.bytes(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.broken, n = true, len(r.rest)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// number reads a number of variable length.
func (r *reader) number() int {
	n, length := binary.Uvarint(r.rest)
	if length <= 0 || n > 1<<31 {
		r.broken = true
		return 0
	}
	r.rest = r.rest[length:]
	return int(n)
}
