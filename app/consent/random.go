//go:build !light

package consent

import "crypto/rand"

func random(b []byte) { rand.Read(b) } // never fails: see crypto/rand
