package app

// Text returns a text node.
func Text(x any) UI { return &text{value: toString(x)} }

// Textf returns a text node; see FormatString.
func Textf(format string, values ...any) UI { return &text{value: FormatString(format, values...)} }

type text struct {
	jsvalue       Value
	parentElement UI
	value         string
}

func (t *text) JSValue() Value { return t.jsvalue }
func (t *text) Mounted() bool  { return t.jsvalue != nil }
func (t *text) parent() UI     { return t.parentElement }

func (t *text) setParent(parent UI) UI {
	t.parentElement = parent
	return t
}

// RangeLoop stands where node.go looks for a loop; there are none.
type RangeLoop interface {
	UI
	body() []UI
	isRangeLoop()
}
