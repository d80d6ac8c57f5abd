package ledger

import (
	"os"
	"path/filepath"
	"testing"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// TestRotate_Interrupted: wherever the program ends that rotates the key, the next
// one has the key that signs.
func TestRotate_Interrupted(t *testing.T) {
	for name, handsOver := range map[string]bool{"before the log says so": false, "behind it": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c := StoreConfig{Data: dir}
			l, _, stop := running(t, dir, "6 months")
			keep(t, l)
			stop()
			old, err := os.ReadFile(c.KeyPath())
			if err != nil {
				t.Fatal(err)
			}
			next, err := receipt.LoadKey(c.nextPath(), "data.rivemont.example")
			if err != nil {
				t.Fatal(err)
			}
			if handsOver {
				s, err := OpenStore(t.Context(), c, "", quiet())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.HandOver(t.Context(), next, store.Renewed, ""); err != nil {
					t.Fatal(err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			keepsOn(t, dir)
			if now, err := os.ReadFile(c.KeyPath()); err != nil || (string(now) != string(old)) != handsOver {
				t.Errorf("the key is another: want %t (%v)", handsOver, err)
			}
			away, err := filepath.Glob(filepath.Join(dir, "key.retired-*"))
			if err != nil || (len(away) == 1) != handsOver {
				t.Errorf("put away: %q (%v)", away, err)
			}
			if _, err := Rotate(t.Context(), c, store.Renewed, ""); err != nil {
				t.Errorf("once more: %v", err)
			}
		})
	}
}
