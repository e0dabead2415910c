package server

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"entente"
	"entente/directory/ldap"
)

// ldapMetrics count what syncs with another directory do. They name no people.
type ldapMetrics struct {
	syncs, objects *prometheus.CounterVec
}

// ldap adds what is known of the directory that accounts come from.
func (m *metrics) ldap(age func() time.Duration) *ldapMetrics {
	l := &ldapMetrics{
		syncs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "entente_ldap_syncs_total",
			Help: "Syncs with the directory that accounts come from, by outcome: ok, held, failed.",
		}, []string{"outcome"}),
		objects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "entente_ldap_objects_total",
			Help: "Accounts and groups that syncs created, changed, disabled, emptied or refused.",
		}, []string{"action"}),
	}
	m.registry.MustRegister(l.syncs, l.objects, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "entente_ldap_age_seconds",
		Help: "How old what is known of accounts is; -1 before the first sync.",
	}, func() float64 {
		if d := age(); d >= 0 {
			return d.Seconds()
		}
		return -1
	}))
	return l
}

// synced counts a sync.
func (m *ldapMetrics) synced(r ldap.Report, err error) {
	outcome := "ok"
	var told *entente.Error
	switch {
	case errors.As(err, &told) && told.Reason == ldap.Held:
		outcome = "held"
	case err != nil:
		outcome = "failed"
	}
	m.syncs.WithLabelValues(outcome).Inc()
	if r.DryRun {
		return
	}
	for action, n := range map[string]int{"created": r.Created, "changed": r.Changed, "disabled": r.Disabled, "emptied": r.Emptied, "refused": r.Refused} {
		m.objects.WithLabelValues(action).Add(float64(n))
	}
}
