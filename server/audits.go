package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"temoin.example/temoin/server/audit/outcome"
)

// auditMetrics tell what temoin audit, which runs by itself, has left. Before its first
// run there are none.
type auditMetrics struct {
	audits *outcome.Reader
}

var (
	auditUp = prometheus.NewDesc("temoin_audit_up",
		"1 where the last run of temoin audit could look at the site, else 0.", nil, nil)
	auditFindings = prometheus.NewDesc("temoin_audit_findings",
		"What the last run found that could look, by level.", []string{"level"}, nil)
	auditTime = prometheus.NewDesc("temoin_audit_last_run_timestamp_seconds",
		"When the last run ended.", nil, nil)
	auditInterval = prometheus.NewDesc("temoin_audit_interval_seconds",
		"Time between the starts of two runs (-every), 0 where nobody has said.", nil, nil)
)

// Describe tells which metrics there may be.
func (a auditMetrics) Describe(all chan<- *prometheus.Desc) {
	for _, one := range []*prometheus.Desc{auditUp, auditFindings, auditTime, auditInterval} {
		all <- one
	}
}

// Collect tells what is so now. A file that cannot be read is an audit that does not work.
func (a auditMetrics) Collect(all chan<- prometheus.Metric) {
	tell := func(desc *prometheus.Desc, value float64, labels ...string) {
		all <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	o, err := a.audits.Outcome()
	switch {
	case err != nil:
		tell(auditUp, 0)
		return
	case o == nil:
		return
	}
	up := 0.0
	if o.Last.Looked() {
		up = 1
	}
	tell(auditUp, up)
	tell(auditTime, float64(o.Last.End.Unix()))
	tell(auditInterval, float64(o.Every))
	if o.Found == nil {
		return
	}
	for _, level := range outcome.Levels { // and no others that a file may name
		tell(auditFindings, float64(o.Found.Levels[level]), level)
	}
}
