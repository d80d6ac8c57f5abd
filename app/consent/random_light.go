//go:build light

package consent

import "math/rand/v2"

// random fills b from the generator of Go's runtime: ChaCha8, seeded from the
// browser's crypto.getRandomValues. crypto/rand would ask that one each time, and
// add a sixth to what every visitor downloads.
func random(b []byte) {
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
}
