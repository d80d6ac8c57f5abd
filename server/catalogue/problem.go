package catalogue

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a file, and what would be right in its place.
type Problem struct {
	File         string
	Line, Column int
	Wrong, Right string
}

// String returns the problem as editors and terminals know how to follow it:
// file:line:column: what is wrong; what would be right.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s; %s", p.File, p.Line, p.Column, p.Wrong, p.Right)
}

// Problems are all the mistakes of a file, in the order of their places.
type Problems []Problem

// Error returns one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// err returns the problems in the order of their places, or nil if there are none.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Wrong, b.Wrong))
	})
	return p
}

// quoted lists values as a sentence does: "a", "b".
func quoted(values []string) string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = fmt.Sprintf("%q", value)
	}
	return strings.Join(list, ", ")
}

// suggestion says what would be right where one of known was wanted: the one
// that was probably meant, and all of them.
func suggestion(got string, known []string) string {
	all := "known: " + strings.Join(known, ", ")
	if near := nearest(got, known); near != "" {
		return fmt.Sprintf("did you mean %q? %s", near, all)
	}
	return all
}

// nearest returns that of known which got was probably meant to be: at most a
// third of its letters are wrong. It returns "" where there is none.
func nearest(got string, known []string) string {
	best, least := "", len(got)
	for _, word := range known {
		if d := distance(got, word); d < least && d <= max(1, len(word)/3) {
			best, least = word, d
		}
	}
	return best
}

// distance counts the letters to insert, delete or replace between a and b
// (Levenshtein). A word much longer than any key is not worth the count.
func distance(a, b string) int {
	if len(a) > 2*len(b) {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
