package admin

import (
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"testing"

	"temoin/app/consent"
	"temoin/server/store"
)

var serve = flag.String("serve", "", "serve a dashboard full of sample data on this `address`, to look at it; the password is "+rightPassword)

const rightPassword = "correct horse battery"

func edition(t testing.TB, c *consent.Catalogue, lang string) *store.Edition {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return &store.Edition{Rev: c.Rev(), Text: sampleText, Lang: lang, Catalogue: data, Body: []byte("{}")}
}

// TestServe serves what one wants to look at: /full, /empty and /off.
func TestServe(t *testing.T) {
	if *serve == "" {
		t.Skip("go test ./server/admin -run Serve -serve 127.0.0.1:8099")
	}
	full, empty, off := newFakeStore(t), newFakeStore(t), newFakeStore(t)
	full.fill(newSeason(t, 200, 160))
	hash, err := HashPassword(rightPassword)
	if err != nil {
		t.Fatal(err)
	}
	full.settings[PasswordSetting], empty.settings[PasswordSetting] = hash, hash
	fmt.Println("a receipt:", full.receipts[len(full.receipts)-1].ID())
	mux := http.NewServeMux()
	newest := revisions(t)[2]
	current := full
	dashboard, err := New(Config{
		Store:     func() Store { return current },
		Catalogue: func() *consent.Catalogue { return newest },
		Client:    func(*http.Request) string { return "" },
		Log:       slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/admin", dashboard)
	mux.Handle("/admin/", dashboard)
	for path, s := range map[string]*fakeStore{"/full": full, "/empty": empty, "/off": off} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			current = s
			s.sessions = full.sessions
			http.Redirect(w, r, "/admin", http.StatusSeeOther)
		})
	}
	t.Fatal(http.ListenAndServe(*serve, mux))
}
