package server

import (
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"entente/authn/clientcert"
	"entente/clientaccess"
	"entente/publish"
	"entente/transport"
)

// metrics are this server's own: a registry of its own, so that several
// servers in one process do not meet. They name no people.
type metrics struct {
	registry *prometheus.Registry
	took     *prometheus.HistogramVec
	assigned prometheus.Counter // new assignments
	gateway  *prometheus.HistogramVec
	mails    *prometheus.HistogramVec
	lists    []*clientcert.Judge // whose lists are told
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
	m.mails = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "entente_mail_duration_seconds",
		Help:    "Time of messages by connector, way (in, out) and outcome: delivered, later, failed, refused.",
		Buckets: []float64{.005, .025, .1, .25, 1, 5, 30, 120, 600},
	}, []string{"connector", "way", "outcome"})
	m.registry.MustRegister(m.took, m.assigned, m.gateway, m.mails, collectors.NewGoCollector(),
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

// mailed is transport.Config.Observe. Connectors are the configuration's, ways and
// outcomes closed sets.
func (m *metrics) mailed(o transport.Observation) {
	m.mails.WithLabelValues(o.Connector, o.Way, o.Outcome).Observe(o.Took.Seconds())
}

// registerLists has the lists of a listener's authorities among the metrics.
func (m *metrics) registerLists(j *clientcert.Judge) error {
	m.lists = append(m.lists, j)
	if len(m.lists) > 1 {
		return nil // the collector has them all
	}
	return m.registry.Register(m)
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(c chan<- *prometheus.Desc) { c <- listsLeft() }

// Collect implements prometheus.Collector. A list that several listeners have is
// told once.
func (m *metrics) Collect(c chan<- prometheus.Metric) {
	told := map[[2]string]bool{}
	for _, j := range m.lists {
		for _, s := range j.Sources() {
			key := [2]string{s.Authority, s.Source}
			if told[key] {
				continue
			}
			told[key] = true
			left := 0.0
			if !s.NextUpdate.IsZero() {
				left = s.Left.Seconds()
			}
			c <- prometheus.MustNewConstMetric(listsLeft(), prometheus.GaugeValue, left, s.Authority, s.Source)
		}
	}
}

func listsLeft() *prometheus.Desc {
	return prometheus.NewDesc("entente_revocation_list_seconds_left", "How long a list of revoked certificates still counts; 0 if there is none.", []string{"authority", "source"}, nil)
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
