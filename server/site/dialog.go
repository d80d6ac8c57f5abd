package site

import (
	"fmt"

	"temoin.example/temoin/app"
)

// makeDialogs returns a file for each language with all that the dialog takes
// before Go runs: its markup and its style, in front of the code (web/dialog),
// which says in what order.
func makeDialogs(editions []edition, b *built, receipts bool) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, e := range editions {
		markup, err := prerender(app.PrerenderedPreferences(e.Edition, receipts))
		if err != nil {
			return nil, fmt.Errorf("prerender dialog in %s: %w", e.Lang, err)
		}
		bundle, err := encodeJSON([]string{markup, string(b.dialogStyle), e.Texts.Partly, e.Texts.Anew, e.Texts.ProofMissing})
		if err != nil {
			return nil, fmt.Errorf("write dialog in %s: %w", e.Lang, err)
		}
		files[e.Lang] = fmt.Appendf(nil, "var temoinDialog=%s;%s", bundle, b.dialog)
	}
	return files, nil
}
