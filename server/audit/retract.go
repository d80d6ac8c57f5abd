package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// How an answer was given, beside "temoin": by a rule of autoconsent's, or by the banner's own interface.
const (
	byRule      = "autoconsent:"
	byInterface = "interface:"
)

// retractions are how banners' own interfaces take consent back, by the name of the rule that answers the
// banner. A rule presses what a banner shows, and none is shown to who has accepted.
var retractions = map[string]string{
	"cookieconsent3":     "CookieConsent.acceptCategory([])",
	"Klaro":              "(manager => { manager.changeAll(false); manager.saveAndApplyConsents(); })(klaro.getManager())",
	"orejime":            "orejime.manager.declineAll()",
	"tarteaucitron deny": "tarteaucitron.userInterface.respondAll(false)",
	"tarteaucitron.js":   "tarteaucitron.userInterface.respondAll(false)",
}

// retract takes back an answer that a rule has given; answered says which.
func (v *visitor) retract(ctx context.Context, answered string) (string, error) {
	rule := strings.TrimPrefix(answered, byRule)
	call, known := retractions[rule]
	if !known {
		return "", fmt.Errorf("no way is known by which the banner that %s answers takes an answer back", rule)
	}
	if err := v.engine.run(ctx, "void "+call, nil); err != nil && !errors.Is(err, errLeft) { // it may load the page anew
		return "", fmt.Errorf("the banner did not take the answer back: %w", err)
	}
	return byInterface + rule, nil
}
