package server

import (
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"temoin.example/temoin/server/audit/outcome"
	"temoin.example/temoin/server/version"
)

// programMetrics are those of the whole program, however many sites it serves.
type programMetrics struct {
	registry *prometheus.Registry
	latency  *prometheus.HistogramVec
}

func newProgramMetrics() *programMetrics {
	m := &programMetrics{
		registry: prometheus.NewRegistry(),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "temoin_request_seconds",
			Help:    "Time to answer a request, by route and status.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
		}, []string{"route", "status"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "temoin_build_info",
		Help:        "1, with the version of the program, its commit and the Go that compiled it.",
		ConstLabels: prometheus.Labels{"version": version.Number, "commit": version.Commit(), "go": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.latency, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// metrics are what an operator watches of one site, for Prometheus; see -metrics-addr.
type metrics struct {
	*programMetrics
	receipts    *prometheus.CounterVec
	storeFaults prometheus.Counter
	withdraw    func() // takes the site's own out of the registry
}

// newMetrics returns metrics in which queued says how many receipts wait, and those of
// audits, nil for none. Those of a site among many are labelled by its catalogue's name,
// "" stands for the only site.
func newMetrics(program *programMetrics, site string, queued func() int, audits *outcome.Reader) *metrics {
	m := &metrics{
		programMetrics: program,
		receipts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "temoin_receipts_total",
			Help: "Choices that were reported: kept, repeated, or the status by which they were refused.",
		}, []string{"result"}),
		storeFaults: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "temoin_store_faults_total",
			Help: "Times that the store of receipts failed.",
		}),
	}
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "temoin_receipts_queued",
		Help: "Receipts that wait to be written.",
	}, func() float64 { return float64(queued()) })
	own := []prometheus.Collector{m.receipts, m.storeFaults, waiting}
	if audits != nil {
		own = append(own, auditMetrics{audits})
	}
	registerer := prometheus.Registerer(program.registry)
	if site != "" {
		registerer = prometheus.WrapRegistererWith(prometheus.Labels{"site": site}, registerer)
	}
	registerer.MustRegister(own...)
	m.withdraw = func() {
		for _, collector := range own {
			registerer.Unregister(collector)
		}
	}
	return m
}

// handler answers "GET /metrics", and nothing else, on the address for it.
func (m *programMetrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

// observe measures the requests that next answers, by the pattern of the route
// that they took: paths, of which there is no end, are no labels.
func (m *programMetrics) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			m.latency.WithLabelValues(r.Pattern, strconv.Itoa(recorder.status)).Observe(time.Since(start).Seconds())
		}()
		next.ServeHTTP(recorder, r)
	})
}

// resultOf names what became of a report.
func resultOf(fresh bool, err error) string {
	switch {
	case err != nil:
		return strconv.Itoa(statusOf(err))
	case fresh:
		return "kept"
	}
	return "repeated"
}
