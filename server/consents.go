package server

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/app/guard"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/site"
	"temoin.example/temoin/server/store"
)

const (
	// maxReport is the most bytes that a page may send about a choice.
	maxReport = 8 << 10
	// bodyTime is how long a client may take to send it.
	bodyTime = 5 * time.Second
)

// handleConsents adds the routes by which pages report choices, and visitors
// have their receipts.
func (s *Server) handleConsents(mux *http.ServeMux) {
	mux.Handle("/api/consents", s.api(http.MethodPost, s.postConsent))
	mux.Handle("/api/consents/{id}", s.api(http.MethodGet, s.getConsent))
	mux.Handle("/api/consents/checkpoint", s.api(http.MethodGet, s.getCheckpoint))
	mux.Handle("/api/consents/unanswered", s.api(http.MethodPost, s.postUnanswered))
}

// apiFunc answers one method of the API for the site that is served.
type apiFunc func(http.ResponseWriter, *http.Request, *site.Site) error

// api wraps what answers one method of the API: for the catalogue's origins
// only, within the client's rate, and never from a cache.
func (s *Server) api(method string, answer apiFunc) http.Handler {
	return s.handle(func(w http.ResponseWriter, r *http.Request) error {
		served := s.site.Load()
		w.Header().Set("Cache-Control", "no-store")
		if !served.Keeps {
			return errNoReceipts
		}
		if err := admit(served, w, r); err != nil {
			return err
		}
		if r.Method == http.MethodOptions {
			w.Header().Set("Access-Control-Allow-Methods", method)
			w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
			w.Header().Set("Access-Control-Max-Age", "86400")
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		if err := allow(w, r, method, http.MethodOptions); err != nil {
			return err
		}
		if wait := s.limit.wait(r); wait > 0 {
			return retryLater(http.StatusTooManyRequests, wait, "too many requests from here")
		}
		return answer(w, r, served)
	})
}

// admit refuses pages of other sites than the catalogue's. Browsers always say
// which site a page is of; who is no browser could say anything.
func admit(served *site.Site, w http.ResponseWriter, r *http.Request) error {
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	switch {
	case isSameOrigin(r):
		return nil
	case knows(served, origin):
		w.Header().Set("Access-Control-Allow-Origin", origin)
		return nil
	}
	return refused(http.StatusForbidden, "pages of %.100q may not report choices here; a catalogue lists them under origins", origin)
}

// knows reports whether an origin is the site's, by its address, an alias or its list of origins.
func knows(served *site.Site, origin string) bool {
	c := served.Catalogue
	return origin != "" && (origin == c.Site.URL || slices.Contains(c.Origins, origin) || isAlias(c, origin))
}

// isAlias reports whether an origin is that of an alias, reached as the site's own address is.
func isAlias(c *catalogue.Catalogue, origin string) bool {
	own, err := url.Parse(c.Site.URL)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(c.Aliases, func(host string) bool {
		if port := own.Port(); port != "" {
			host = net.JoinHostPort(host, port)
		}
		return origin == own.Scheme+"://"+host
	})
}

// isSameOrigin reports whether a request was made by a page of the server's own
// site, or by no page at all. Behind a proxy that changes the host, what the
// browser says itself counts (W3C Fetch Metadata).
func isSameOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin":
		return true
	case "same-site", "cross-site":
		return false
	}
	origin := r.Header.Get("Origin")
	u, err := url.Parse(origin)
	return origin == "" || err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// postConsent handles "POST /api/consents": keeps the receipt of a choice, and
// sets the cookie again, which browsers keep longer when a server sets it.
func (s *Server) postConsent(w http.ResponseWriter, r *http.Request, served *site.Site) error {
	now := s.config.Now()
	body, err := readReport(w, r)
	if err != nil {
		return err
	}
	submission, err := receipt.ParseSubmission(body)
	if err != nil {
		return refused(http.StatusBadRequest, "%w", err)
	}
	signed, fresh, err := s.keep(r, submission, siteOf(served, r), now)
	if err != nil {
		return err
	}
	renew(served, w, r, submission.Record, now)
	w.Header().Set("Content-Type", typeJSON)
	if fresh {
		w.WriteHeader(http.StatusCreated)
	}
	return json.NewEncoder(w).Encode(kept{signed.Body, signed.Signature, signed.Index})
}

// kept is what a page is answered: the receipt as it was signed, and its place
// in the log. The proof of that place comes with "GET /api/consents/{id}".
type kept struct {
	Receipt   json.RawMessage `json:"receipt"`
	Signature []byte          `json:"signature"`
	Index     int64           `json:"index"`
}

// readReport returns the body of a report, which has to be short, JSON, and
// sent without dawdling.
func readReport(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != typeJSON {
		return nil, refused(http.StatusUnsupportedMediaType, "the Content-Type is %.100q, want %s", r.Header.Get("Content-Type"), typeJSON)
	}
	return readBody(w, r, maxReport)
}

func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	// A recorder in a test has no deadline to set.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refused(http.StatusRequestEntityTooLarge, "the body is too large, want at most %d bytes", most)
	case err != nil:
		return nil, refused(http.StatusBadRequest, "the body cannot be read: %w", err)
	}
	return body, nil
}

// keep makes a receipt of what a page or the form reported, stores it, and counts
// what became of the report.
func (s *Server) keep(r *http.Request, submission *receipt.Submission, site string, now time.Time) (*store.Signed, bool, error) {
	signed, fresh, err := s.ledger.Keep(r.Context(), submission, site, now)
	s.metrics.receipts.WithLabelValues(resultOf(fresh, err)).Inc()
	return signed, fresh, err
}

// siteOf returns the site that a receipt names: the listed origin whose page
// reported the choice, and else the catalogue's own. What a request says of
// itself beyond that is its client's word, Origin and Host alike: no signature
// of ours may stand under it.
func siteOf(served *site.Site, r *http.Request) string {
	if origin := r.Header.Get("Origin"); slices.Contains(served.Catalogue.Origins, origin) {
		return origin
	}
	return served.Catalogue.Site.URL
}

// renew sets the cookie of record again, for what is left of its lifetime,
// where the browser still holds this very choice, and deletes the cookies that
// it does not allow and that no script can delete. The page sees to it that a
// choice made meanwhile stands (web/loader/report.js).
func renew(served *site.Site, w http.ResponseWriter, r *http.Request, record *consent.Record, now time.Time) {
	held := served.Catalogue.Read(guard.Cookies(r, served.Catalogue.Cookie.Name), now, served.Marks)
	if !isSameOrigin(r) || held == nil || held.ID != record.ID {
		return
	}
	value, err := held.Encode()
	if err != nil {
		return // it came in a cookie, so it is one
	}
	w.Header().Add("Set-Cookie", served.Catalogue.Cookie.AgedLine(value, isSecure(r), now.Sub(held.At)))
	deleteHidden(served, w, r, held)
}

// deleteHidden deletes the HttpOnly cookies that record does not allow.
func deleteHidden(served *site.Site, w http.ResponseWriter, r *http.Request, record *consent.Record) {
	host := (&url.URL{Host: r.Host}).Hostname()
	for _, line := range served.Catalogue.HiddenExpiryLines(record, host) {
		if isSecure(r) {
			line += "; Secure"
		}
		w.Header().Add("Set-Cookie", line)
	}
}

// getConsent handles "GET /api/consents/{id}": a visitor's receipt, with the proof
// that it is in the log; laid out in lines, for the visitor to read. The id is random,
// and only the visitor's cookie has it.
func (s *Server) getConsent(w http.ResponseWriter, r *http.Request, _ *site.Site) error {
	file, err := s.ledger.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", typeJSON)
	if r.URL.Query().Has("download") {
		w.Header().Set("Content-Disposition", `attachment; filename="temoin-`+file.Receipt.ID()+`.json"`)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(file)
}

// getCheckpoint handles "GET /api/consents/checkpoint": what the log is now,
// signed (C2SP tlog-checkpoint). Who keeps it can show later that nothing was
// taken out.
func (s *Server) getCheckpoint(w http.ResponseWriter, r *http.Request, _ *site.Site) error {
	checkpoint, err := s.ledger.Checkpoint(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", typeText)
	_, err = io.WriteString(w, checkpoint)
	return err
}

// postUnanswered handles "POST /api/consents/unanswered": counts a banner that
// was shown and left, without anything that says by whom.
func (s *Server) postUnanswered(w http.ResponseWriter, r *http.Request, served *site.Site) error {
	body, err := readBody(w, r, int64(len(served.Rev)))
	if err != nil {
		return err
	}
	if rev := string(body); rev != served.Rev {
		return refused(http.StatusUnprocessableEntity, "the revision is %q, want %q", rev, served.Rev)
	}
	if s.unanswered.wait(r) == 0 { // who counts more is not told
		s.ledger.Count(served.Rev, s.config.Now())
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
