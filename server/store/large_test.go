package store_test

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// BenchmarkLarge measures how long a log of b.N receipts takes that came in two years:
// to be filled, opened, counted, shown, verified, exported and purged; its size, and the
// most memory that the process has had. Run it with -benchtime 1000000x -timeout 2h.
func BenchmarkLarge(b *testing.B) {
	const days = 730
	c := sqlite(b, newKey(b))
	s := mustOpen(b, c)
	var nth atomic.Int64
	spread := func(_ *receipt.Submission, context *receipt.Context) {
		context.Received = noon.AddDate(0, 0, int(nth.Add(1)*days/int64(b.N))-days)
	}
	took := func(what string, do func() error) {
		begun := time.Now()
		if err := do(); err != nil {
			b.Fatal(what, err)
		}
		b.ReportMetric(time.Since(begun).Seconds(), what+"-s")
	}
	b.ResetTimer()
	took("fill", func() error { fillFast(b, s, b.N*99/100, spread); return nil })
	from := mustCheckpoint(b, s)
	fillFast(b, s, b.N-b.N*99/100, spread)
	last := newReceipt(b, spread)
	took("append", func() error { _, _, err := s.Append(b.Context(), last); return err })
	took("close", s.Close)
	b.ReportMetric(float64(diskSize(b, c.Dir))/float64(b.N+1), "bytes-each")
	took("open", func() error { s = mustOpen(b, c); return nil })
	took("count", func() error { _, err := s.Stats(b.Context()); return err })
	took("sums-of-a-year", func() error {
		_, err := s.Choices(b.Context(), noon.AddDate(-1, 0, 0).Format(time.DateOnly), noon.Format(time.DateOnly))
		return err
	})
	took("find", func() error { _, err := s.Find(b.Context(), last.ID()); return err })
	took("verify-a-hundredth", func() error { _, err := s.VerifyFrom(b.Context(), from, ""); return err })
	took("verify", func() error { _, err := s.Verify(b.Context(), ""); return err })
	export := func(since, until time.Time) func() error {
		return func() error { return store.Write(io.Discard, store.JSONL, s.Export(b.Context(), since, until)) }
	}
	took("export-a-day", export(noon.AddDate(0, 0, -9), noon.AddDate(0, 0, -8)))
	took("export", export(noon.AddDate(-3, 0, 0), noon.AddDate(0, 0, 1)))
	took("purge-a-hundredth", func() error { _, err := s.Purge(b.Context(), noon.AddDate(0, 0, days/100-days)); return err })
	b.ReportMetric(peakMemory(b), "MB-at-most")
}

// peakMemory returns the most memory that the process has had, in MB; 0 where the
// system does not say.
func peakMemory(tb testing.TB) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	words := strings.Fields(rest)
	if len(words) == 0 {
		return 0
	}
	kilobytes, err := strconv.ParseFloat(words[0], 64)
	if err != nil {
		tb.Fatal(err)
	}
	return kilobytes / 1e3
}

func diskSize(tb testing.TB, dir string) (size int64) {
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return size
}
