package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"temoin.example/temoin/server/admin"
	"temoin.example/temoin/server/ledger"
)

// retryDelay is sent as Retry-After where a page is to report its choice again.
const retryDelay = 30 * time.Second

// refusal is an error that the client caused, or has to wait for the end of, and
// may read.
type refusal struct {
	status int
	retry  time.Duration // 0: there is no use in trying again
	cause  error
}

func (r *refusal) Error() string { return r.cause.Error() }
func (r *refusal) Unwrap() error { return r.cause }

func refused(status int, format string, args ...any) error {
	return &refusal{status: status, cause: fmt.Errorf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return refused(http.StatusBadRequest, "bad request: "+format, args...)
}

func notFound(format string, args ...any) error {
	return refused(http.StatusNotFound, format, args...)
}

// retryLater refuses for now, and says after what time to ask again.
func retryLater(status int, delay time.Duration, format string, args ...any) error {
	return &refusal{status: status, retry: delay, cause: fmt.Errorf(format, args...)}
}

// ledgerErrors are the errors of the ledger with the status that each is
// answered with. Their texts may be shown; see package ledger.
var ledgerErrors = []struct {
	err    error
	status int
	retry  time.Duration
}{
	{ledger.ErrUnavailable, http.StatusServiceUnavailable, retryDelay},
	{ledger.ErrClock, http.StatusServiceUnavailable, retryDelay},
	{ledger.ErrBusy, http.StatusServiceUnavailable, retryDelay},
	{ledger.ErrAborted, http.StatusServiceUnavailable, retryDelay}, // for the figures: nobody reads it
	{ledger.ErrRefused, http.StatusUnprocessableEntity, 0},
	{ledger.ErrInvalid, http.StatusUnprocessableEntity, 0},
	{ledger.ErrErased, http.StatusGone, 0},
	{ledger.ErrEarly, http.StatusTooEarly, time.Hour},
	{ledger.ErrConflict, http.StatusConflict, 0},
	{ledger.ErrNotFound, http.StatusNotFound, 0},
}

// refusalOf returns what the client is told of err, or nil where that is nothing:
// then the fault is ours.
func refusalOf(err error) *refusal {
	if _, found := errors.AsType[*http.MaxBytesError](err); found {
		return &refusal{status: http.StatusRequestEntityTooLarge, cause: err}
	}
	if r, found := errors.AsType[*refusal](err); found {
		return r
	}
	if r, found := errors.AsType[*admin.Refusal](err); found {
		return &refusal{status: r.Status, cause: r}
	}
	for _, known := range ledgerErrors {
		if errors.Is(err, known.err) {
			return &refusal{known.status, known.retry, err}
		}
	}
	return nil
}

// statusOf returns the status that err is answered with.
func statusOf(err error) int {
	if r := refusalOf(err); r != nil {
		return r.status
	}
	return http.StatusInternalServerError
}

// answerFunc answers a request; the error that it returns instead of an answer is
// answered by [Server.Fail].
type answerFunc func(http.ResponseWriter, *http.Request) error

// handle makes a handler of an answer.
func (s *Server) handle(answer answerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := answer(w, r); err != nil {
			s.Fail(w, r, err)
		}
	})
}

// Fail answers a request that failed; every handler's errors come here, but for the
// page with which the dashboard says that it cannot be shown. What is our fault is
// logged, not shown.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, err error) {
	fail(s.logOf(r), w, r, err)
}

func fail(log *slog.Logger, w http.ResponseWriter, r *http.Request, err error) {
	refusal := refusalOf(err)
	if refusal == nil {
		log.Error("request failed", "method", r.Method, "path", loggedPath(r), "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	if refusal.retry > 0 {
		w.Header().Set("Retry-After", seconds(refusal.retry))
	}
	http.Error(w, refusal.Error(), refusal.status)
}

// seconds writes a duration as the header Retry-After takes it, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// allow returns an error where the request's method is not one of methods.
func allow(w http.ResponseWriter, r *http.Request, methods ...string) error {
	if slices.Contains(methods, r.Method) {
		return nil
	}
	list := strings.Join(methods, ", ")
	w.Header().Set("Allow", list)
	return refused(http.StatusMethodNotAllowed, "%s is not allowed here, only %s", r.Method, list)
}
