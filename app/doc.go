// Package app is Témoin's interface: the go-app components that draw the
// banner, the dialog, the button that reopens it and the cookie charter, and
// the session that keeps what the visitor answers.
//
// The components are compiled to WebAssembly and drawn in the visitor's page,
// and prerendered by the server with the same markup. Two rules follow from
// how go-app prints HTML: free text goes into text nodes only, never into an
// attribute, and no text begins or ends with a space.
//
// The package imports nothing of ours but consent and, in the browser only,
// browser: whatever else it imported, every visitor would download.
package app
