package server

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"entente/clientaccess"
)

// metrics are this server's own: a registry of its own, so that several
// servers in one process do not meet. They name no people.
type metrics struct {
	registry *prometheus.Registry
	took     *prometheus.HistogramVec
	assigned prometheus.Counter // new assignments
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "entente_request_duration_seconds",
			Help:    "Time of client requests by protocol, action and outcome.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5, 30},
		}, []string{"protocol", "action", "outcome"}),
		assigned: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "entente_assignments_created_total",
			Help: "New assignments: somebody may act as others.",
		}),
	}
	m.registry.MustRegister(m.took, m.assigned, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// observe is clientaccess.Config.Observe. The codes are a closed set; what a
// client makes up never becomes a label, because actions are the names of
// operations.
func (m *metrics) observe(o clientaccess.Observation) {
	outcome := o.Code
	if outcome == "" {
		outcome = "NoError"
	}
	m.took.WithLabelValues(string(o.Protocol), o.Action, outcome).Observe(o.Took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
