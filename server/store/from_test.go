package store_test

import (
	"errors"
	"testing"

	"temoin.example/temoin/server/store"
)

// TestVerifyFrom: what came after a checkpoint is checked as all of it is, from
// whatever place, and the log has to go on from there.
func TestVerifyFrom(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		var checkpoints []string
		for range 12 {
			checkpoints = append(checkpoints, mustCheckpoint(t, s))
			fill(t, s, 1)
		}
		if n, err := s.Purge(t.Context(), noon); n != 0 || err != nil {
			t.Fatal(n, err)
		}
		if err := s.Erase(t.Context(), fill(t, s, 1)[0]); err != nil { // entry 12, and 13 says so
			t.Fatal(err)
		}
		checkpoints = append(checkpoints, mustCheckpoint(t, s))
		for i, from := range checkpoints {
			v, err := s.VerifyFrom(t.Context(), from, checkpoints[3])
			if err != nil {
				t.Fatal(err)
			}
			if len(v.Faults) > 0 || v.Size != 14 || i < 12 && (v.From != int64(i) || v.Receipts != int64(12-i) || v.Erased != 1) {
				t.Errorf("from %d: got %+v", i, v)
			}
		}
		v := &vandal{t, behind(t, c), c.Key}
		v.do(`UPDATE entries SET body = $1 WHERE idx = 7`, refuse(v.body(7)))
		for from, want := range map[int]int{5: 1, 7: 1, 8: 0} {
			v, err := s.VerifyFrom(t.Context(), checkpoints[from], "")
			if err != nil || len(v.Faults) != want {
				t.Errorf("from %d: got %v and %v, want %d faults", from, v, err, want)
			}
		}
		other := sqlite(t, c.Key)
		if _, err := mustOpen(t, other).VerifyFrom(t.Context(), checkpoints[9], ""); !errors.Is(err, store.ErrCut) {
			t.Errorf("a log that does not go on from it: got %v, want ErrCut", err)
		}
	})
}

// BenchmarkVerify measures the check of a log of b.N receipts, and of its last
// hundredth. Run it with -benchtime 1000000x for a large one.
func BenchmarkVerify(b *testing.B) {
	c := sqlite(b, newKey(b))
	s := mustOpen(b, c)
	fillFast(b, s, b.N*99/100)
	from := mustCheckpoint(b, s)
	fillFast(b, s, b.N-b.N*99/100)
	b.ResetTimer()
	mustVerify(b, s, "", int64(b.N))
	whole := b.Elapsed()
	if v, err := s.VerifyFrom(b.Context(), from, ""); err != nil || len(v.Faults) > 0 {
		b.Fatal(v, err)
	}
	b.ReportMetric(whole.Seconds(), "whole-s")
	b.ReportMetric((b.Elapsed() - whole).Seconds(), "last-hundredth-s")
	b.ReportMetric(float64(b.N)/whole.Seconds(), "receipts/s")
	b.Logf("the last hundredth takes %.1f %% of the time of all", 100*(b.Elapsed()-whole).Seconds()/whole.Seconds())
}
