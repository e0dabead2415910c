package server

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"entente/broker"
)

// TestBackupBroker: a broker's database is in the backup, with its keys sealed and
// its audit log, and is restored to where a broker is configured.
func TestBackupBroker(t *testing.T) {
	brokered := func(c Config) Config {
		c.Broker = &BrokerConfig{Issuer: "urn:federation:broker.contoso.example", Resolvers: []string{"192.0.2.53", "198.51.100.53"}}
		return c
	}
	show := func(c Config, roll bool) *broker.Status {
		t.Helper()
		s, err := New(t.Context(), c, Options{Organization: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		defer closed(t, s.Close)
		if roll {
			if _, err := s.Broker.StartRollover(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		status, err := s.Broker.Show(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	first := brokered(conf(t, "sqlite:entente.db"))
	contoso(t, first, "sqlite:staff.db")
	had := show(first, true)
	if len(had.Keys) != 2 {
		t.Fatalf("%+v", had)
	}
	archive := backup(t, first)
	if err := CheckBackup(bytes.NewReader(archive), nil); err != nil {
		t.Fatal(err)
	}

	second := brokered(conf(t, "sqlite:entente.db"))
	withKeys(t, second, first)
	if err := Restore(t.Context(), second, bytes.NewReader(archive), nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := show(second, false); got.Sequence != had.Sequence || !slices.Equal(got.Keys, had.Keys) {
		t.Errorf("restored %+v, had %+v", got, had)
	}
	st, err := OpenStore(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, st.Close)
	var checked []string
	if err := st.Verify(t.Context(), "", func(what string) { checked = append(checked, what) }); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"the broker's database is whole", "the audit log of mail.contoso.example/broker is unaltered"} {
		if !slices.ContainsFunc(checked, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("%q is not among %q", want, checked)
		}
	}

	third := conf(t, "sqlite:entente.db")
	withKeys(t, third, first)
	if err := Restore(t.Context(), third, bytes.NewReader(archive), nil, nil); err == nil || !strings.Contains(err.Error(), "section of that name") {
		t.Errorf("without a broker: %v", err)
	}
}
