package store_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// BenchmarkAppend measures durable receipts a second: "load" with so many callers
// that append as fast as they can, "paced" with 2,500 receipts a second; and what
// a caller waits for one. Run it with -benchtime 25000x.
func BenchmarkAppend(b *testing.B) {
	for name, engine := range engines {
		for _, callers := range []int{1, 64, 512} {
			b.Run(name+"/load-"+strconv.Itoa(callers), func(b *testing.B) {
				c := engine(b)
				c.Key = newKey(b)
				s := mustOpen(b, c)
				receipts := make([]*receipt.Receipt, b.N)
				for i := range receipts {
					receipts[i] = newReceipt(b)
				}
				var next atomic.Int64
				waits := make([]time.Duration, b.N)
				b.ResetTimer()
				var group sync.WaitGroup
				for range callers {
					group.Go(func() {
						for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
							begun := time.Now()
							if _, _, err := s.Append(context.Background(), receipts[i]); err != nil {
								b.Error(err)
							}
							waits[i] = time.Since(begun)
						}
					})
				}
				group.Wait()
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
				report(b, waits)
			})
		}
		b.Run(name+"/paced-2500", func(b *testing.B) {
			c := engine(b)
			c.Key = newKey(b)
			s := mustOpen(b, c)
			receipts := make([]*receipt.Receipt, b.N)
			for i := range receipts {
				receipts[i] = newReceipt(b)
			}
			waits := make([]time.Duration, b.N)
			b.ResetTimer()
			var group sync.WaitGroup
			start := time.Now()
			for i := range b.N {
				due := start.Add(time.Duration(i) * time.Second / 2500)
				time.Sleep(time.Until(due))
				group.Go(func() {
					if _, _, err := s.Append(context.Background(), receipts[i]); err != nil {
						b.Error(err)
					}
					waits[i] = time.Since(due)
				})
			}
			group.Wait()
			b.StopTimer()
			report(b, waits)
		})
	}
}

// fillFast appends n receipts, many at a time.
func fillFast(tb testing.TB, s *store.Store, n int, change ...func(*receipt.Submission, *receipt.Context)) {
	tb.Helper()
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			for range n / 64 {
				appendOne(tb, s, change...)
			}
		})
	}
	for range n % 64 {
		appendOne(tb, s, change...)
	}
	group.Wait()
}

func appendOne(tb testing.TB, s *store.Store, change ...func(*receipt.Submission, *receipt.Context)) {
	r, err := makeReceipt(change...)
	if err == nil {
		_, _, err = s.Append(context.Background(), r)
	}
	if err != nil {
		tb.Error(err)
	}
}

// BenchmarkPurge measures what a caller waits for a receipt while b.N old ones are
// purged, and what it waits when nothing is. Run it with -benchtime 20000x.
func BenchmarkPurge(b *testing.B) {
	c := sqlite(b, newKey(b))
	s := mustOpen(b, c)
	fillFast(b, s, b.N, receivedAt(noon.AddDate(-1, 0, 0)))
	alone := waitsWhile(b, s, func() { time.Sleep(2 * time.Second) })
	b.ResetTimer()
	beside := waitsWhile(b, s, func() {
		if n, err := s.Purge(context.Background(), noon.AddDate(0, -1, 0)); err != nil || n != int64(b.N) {
			b.Error(n, err)
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "purged/s")
	report(b, beside)
	slices.Sort(alone)
	b.ReportMetric(float64(alone[len(alone)*99/100].Microseconds())/1e3, "p99-alone-ms")
}

// waitsWhile appends one receipt after the other until do ends.
func waitsWhile(tb testing.TB, s *store.Store, do func()) (waits []time.Duration) {
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	for {
		begun := time.Now()
		appendOne(tb, s)
		waits = append(waits, time.Since(begun))
		select {
		case <-done:
			return waits
		default:
		}
	}
}

func report(b *testing.B, waits []time.Duration) {
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1e3, "p99-ms")
	b.ReportMetric(float64(waits[len(waits)-1].Microseconds())/1e3, "max-ms")
}
