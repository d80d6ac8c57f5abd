package ledger

import (
	"context"
	"errors"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// What a caller is told. The texts of these errors, and of those that wrap them,
// may be shown to anybody: what the database says is logged instead.
var (
	// ErrUnavailable: the store cannot be had now; ask again later.
	ErrUnavailable = errors.New("receipts cannot be kept or read now")
	// ErrBusy: too many receipts wait to be written; ask again later.
	ErrBusy = errors.New("too many receipts at once")
	// ErrAborted: whoever asked has left, and nothing is known about the store.
	ErrAborted = errors.New("the client went away")
	// ErrRefused: no receipt can be made of what was reported.
	ErrRefused = errors.New("no receipt can be made of this")
	// ErrConflict: a receipt of this id is kept that says otherwise.
	ErrConflict = store.ErrConflict
	// ErrErased: the receipt of this id was erased, and is not kept anew.
	ErrErased = store.ErrErased
	// ErrEarly: the choice is of the future by this server's clock; its time comes.
	ErrEarly = errors.New("the choice is of the future")
	// ErrClock: by this server's clock the choice cannot have been made when it says, and
	// that clock is in doubt; send it again later.
	ErrClock = errors.New("this server's clock is in doubt")
	// ErrNotFound: there is no such receipt.
	ErrNotFound = store.ErrNotFound
	// ErrInvalid: what was reported does not answer the catalogue.
	ErrInvalid = receipt.ErrInvalid
)

// errConfigured marks faults that waiting does not mend: the server does not
// start with them.
var errConfigured = errors.New("the receipts cannot be kept as configured")

// failed sorts out why a call of the store failed that was made for a request.
// A client that leaves takes its call of the store with it: that is no fault.
func (l *Ledger) failed(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return ErrAborted
	}
	l.fault(doing, err)
	return ErrUnavailable
}
