package consent

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzJSON holds the reader to encoding/json, which knows the format. Records
// are UTF-8 before they come here, so what is not does not matter.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		`{}`, ` { "a" : 1 , "b":[ ] , "a":{"c":null} } `, `{"a":true,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1`, `{a:1}`, `[{}]`,
		`{"a":[1,[2,{"b":"]}"}],-0.5e+3]}`, `{"a":01}`, `{"a":1.}`, `{"a":.5}`, `{"a":1e}`, `{"a":-}`, `{"a":+1}`, `{"a":truefalse}`,
		`{"\u0061\ud83d\ude00\ud83d":"\"\\\/\b\f\n\r\t"}`, `{"\x":1}`, `{"\u12g4":1}`, "{\"a\nb\":1}", `"é\u0000"`, `"\ud800\u0041"`, `{} {}`, ``, ` `,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		var want map[string]json.RawMessage
		isObject := json.Unmarshal([]byte(text), &want) == nil && want != nil
		got, ok := jsonObject(text)
		if ok != isObject || len(got) != len(want) {
			t.Fatalf("%q: got %v, %t, want %s, %t", text, got, ok, want, isObject)
		}
		for _, m := range got {
			if value, found := want[m.name]; !found || m.value != string(value) {
				t.Errorf("%q: member %q is %q, want %q", text, m.name, m.value, value)
			}
		}

		var s string
		isString := strings.HasPrefix(text, `"`) && json.Unmarshal([]byte(text), &s) == nil
		if got, ok := jsonString(strings.TrimRight(text, " \t\r\n")); ok != isString || got != s {
			t.Errorf("%q: got %q, %t, want %q, %t", text, got, ok, s, isString)
		}

		var back string
		if err := json.Unmarshal([]byte(quote(text)), &back); err != nil || back != text {
			t.Errorf("%q: quoted as %s, which reads %q, %v", text, quote(text), back, err)
		}
	})
}
