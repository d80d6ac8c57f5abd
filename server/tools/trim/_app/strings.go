package app

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/errors"
)

// toString writes a value of those types that the interface gives to elements.
// go-app writes any other by package fmt, a tenth of the whole program.
func toString(x any) string {
	switch x := x.(type) {
	case nil:
		return ""
	case string:
		return x
	case bool:
		return strconv.FormatBool(x)
	case int:
		return strconv.Itoa(x)
	}
	panic("app: a value that is neither a string nor a boolean nor an int")
}

// FormatString returns the text, or for "%v", as the attributes aria-… and data-…
// have it, the value. More than that needs package fmt.
func FormatString(text string, values ...any) string {
	switch {
	case len(values) == 0:
		return text
	case len(values) == 1 && text == "%v":
		return toString(values[0])
	}
	panic("app: a text with values to put in: " + text)
}

func toPath(names ...any) string {
	path := ""
	for _, name := range names {
		path += "/" + toString(name)
	}
	return path
}

// previewText belongs to go-app's errors, which have no tags here.
func previewText(text string) string { return text }

func stringTo(string, any) error { return errors.New("ValueTo is left out") }
