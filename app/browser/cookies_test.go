package browser_test

import (
	"slices"
	"testing"

	"temoin.example/temoin/app/browser"
)

func TestValues(t *testing.T) {
	for _, c := range []struct {
		name, cookies string
		want          []string
	}{
		{"no cookies", "", nil},
		{"one", "c=1", []string{"1"}},
		{"several of that name", "c=1; d=2; c=3", []string{"1", "3"}},
		{"names that begin or end alike", "cc=1; c2=2; xc=3", nil},
		{"a value with an equals sign", "c=a=b", []string{"a=b"}},
		{"an empty value", "c=", []string{""}},
		{"no equals sign", "c; d", nil},
		{"no spaces", "d=2;c=1", []string{"1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := browser.Values(c.cookies, "c"); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
