package server

import (
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"entente"
	"entente/db/dbtest"
	"entente/kerberos"
	"entente/kerberos/kdctest"
)

// hopBench asks over and over, over a kept connection. All nodes are in this
// process, so cpu-ns is the processor time of client, node and other node.
func hopBench(b *testing.B, r *running, authorization func() string) {
	text := strings.NewReplacer("HEADER", "", "BODY", getFolder("")).Replace(envelopeOf)
	used := func() time.Duration {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	headers := make([]string, b.N)
	for i := range headers {
		headers[i] = authorization()
	}
	before := used()
	b.ResetTimer()
	for _, h := range headers {
		q := must(http.NewRequestWithContext(b.Context(), http.MethodPost, r.url+"/EWS/Exchange.asmx", strings.NewReader(text)))
		q.Header.Set("Content-Type", "text/xml")
		q.Header.Set("Authorization", h)
		w := must(r.client.Do(q))
		body := must(io.ReadAll(w.Body))
		_ = w.Body.Close()
		if w.StatusCode != http.StatusOK || !strings.Contains(string(body), "NoError") {
			b.Fatal(w.StatusCode, string(body))
		}
	}
	b.StopTimer()
	b.ReportMetric(float64((used()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// BenchmarkHop is GetFolder of one's own Inbox at the node with the mailbox, and
// at one without it that passes it on with the chain of actors.
func BenchmarkHop(b *testing.B) {
	c := newCluster(b, "a", "b")
	c.person("anna", "a")
	q := &http.Request{Header: http.Header{}}
	q.SetBasicAuth("anna@contoso.example", aPassword)
	basic := func() string { return q.Header.Get("Authorization") }
	b.Run("here", func(b *testing.B) { hopBench(b, c.nodes["a"], basic) })
	b.Run("elsewhere", func(b *testing.B) { hopBench(b, c.nodes["b"], basic) })
}

// BenchmarkHopKerberos is the same by tickets: a gateway's for the node that is
// called, that node's for the one with the mailbox. Both are kept, as they are
// where many requests come.
func BenchmarkHopKerberos(b *testing.B) {
	realm := kdctest.Samba(b)
	database := dbtest.PostgresURL(b)
	node := func(name, state string) *kerberized {
		return kerberize(b, realm, func(c *Config) { secondHop(b, c, realm, name, database, state) })
	}
	mbx := node("mbx", "")
	sids := mbx.importPeople()
	cas := node("cas", mbx.running.config.State)
	file := must(os.Open(realm.Keytab))
	keytab := must(kerberos.ReadKeytab(file))
	_ = file.Close()
	gw := must(kerberos.NewDelegator(kerberos.DelegatorConfig{
		Self: kerberos.Principal{Name: realm.Service("gw"), Realm: realm.Name}, Keytab: func() *kerberos.Keytab { return keytab },
		KDCs: []string{realm.KDC}, Dial: (&net.Dialer{}).DialContext, Now: time.Now,
	}))
	ticket := must(gw.For(b.Context(), kerberos.User{Name: "alice", Realm: realm.Name, SID: entente.SID(sids["alice"])}, entente.SPN(realm.SPN("cas"))))
	b.Run("elsewhere", func(b *testing.B) {
		hopBench(b, cas.running, func() string {
			token, _, err := ticket.Negotiate(time.Now(), kerberos.Bindings{}, false)
			if err != nil {
				b.Fatal(err)
			}
			return "Negotiate " + token
		})
	})
}
