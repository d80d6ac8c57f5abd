// Package errors takes the place of go-app's package of that name in the
// program that visitors download. There errors are JSON with the file, the line
// and typed tags, which brings encoding/json, fmt and path/filepath along; here
// they are a chain of messages. Nothing but the console ever shows them.
package errors

// Error is a message, and the error that it was made of.
type Error struct {
	message string
	cause   error
}

// New returns an error with that message.
func New(message string) Error { return Error{message: message} }

// WithTag leaves the tag out.
func (e Error) WithTag(string, any) Error { return e }

// Wrap returns the error with its cause.
func (e Error) Wrap(cause error) Error {
	e.cause = cause
	return e
}

// Unwrap returns the cause.
func (e Error) Unwrap() error { return e.cause }

func (e Error) Error() string {
	if e.cause == nil {
		return e.message
	}
	return e.message + ": " + e.cause.Error()
}
