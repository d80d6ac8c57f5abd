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

func report(b *testing.B, waits []time.Duration) {
	slices.Sort(waits)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1e3, "p99-ms")
	b.ReportMetric(float64(waits[len(waits)-1].Microseconds())/1e3, "max-ms")
}
