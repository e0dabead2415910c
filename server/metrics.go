package server

import (
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"entente/clientaccess"
	"entente/publish"
)

// metrics are this server's own: a registry of its own, so that several
// servers in one process do not meet. They name no people.
type metrics struct {
	registry *prometheus.Registry
	took     *prometheus.HistogramVec
	assigned prometheus.Counter // new assignments
	gateway  *prometheus.HistogramVec
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
	m.gateway = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "entente_published_request_duration_seconds",
		Help:    "Time of requests at the publishing gateway by listener, rule, class of status, and why it refused.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, 1, 5, 30, 300, 1800},
	}, []string{"listener", "rule", "status", "reason"})
	m.registry.MustRegister(m.took, m.assigned, m.gateway, collectors.NewGoCollector(),
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

// published is publish.Config.Observe. Listeners and rules are the configuration's,
// reasons a closed set.
func (m *metrics) published(o publish.Observation) {
	m.gateway.WithLabelValues(o.Listener, o.Rule, fmt.Sprintf("%dxx", o.Status/100), string(o.Reason)).Observe(o.Took.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
