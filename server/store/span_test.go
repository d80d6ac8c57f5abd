package store

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSpans compares merge, extend and without with sets of numbers.
func TestSpans(t *testing.T) {
	const size = 24
	numbers := func(spans []span) (set [size]bool) {
		for _, s := range spans {
			for i := s.First; i <= s.Last; i++ {
				set[i] = true
			}
		}
		return set
	}
	anySpans := func() []span {
		var spans []span
		for range rand.IntN(6) {
			first := rand.Int64N(size)
			spans = append(spans, span{first, first + rand.Int64N(size-first)})
		}
		return spans
	}
	for range 5000 {
		raw, other := anySpans(), anySpans()
		a, b := merge(slices.Clone(raw)), merge(slices.Clone(other))
		if numbers(a) != numbers(raw) {
			t.Fatalf("merge(%v): got %v", raw, a)
		}
		for i := 1; i < len(a); i++ {
			if a[i].First <= a[i-1].Last+1 {
				t.Fatalf("merge(%v): got %v, which touch", raw, a)
			}
		}
		var extended []span
		var want [size]bool
		hasA, hasB := numbers(a), numbers(b)
		for i := range int64(size) {
			want[i] = hasA[i] && !hasB[i]
			if hasA[i] {
				extended = extend(extended, i)
			}
		}
		if !slices.Equal(extended, a) {
			t.Fatalf("extend: got %v, want %v", extended, a)
		}
		if got := without(a, b); numbers(got) != want {
			t.Fatalf("without(%v, %v): got %v", a, b, got)
		}
	}
}
