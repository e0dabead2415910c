package clientaccess

import (
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"entente/db/dbtest"
)

// cpu reports the processor time of an operation, of all threads, the database's
// among them: on a machine that others use too it says more than the clock.
func cpu(b *testing.B) (done func()) {
	b.Helper()
	before := used(b)
	b.ResetTimer()
	return func() {
		b.StopTimer()
		b.ReportMetric(float64((used(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
	}
}

func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDoorRecorded is the door's whole way of a request whose answer waits
// for its audit record, a delegate's reading, with 64 of them at once: their
// records share commits. cpu-ns is the processor time of the whole process, that
// of the log's database included.
func BenchmarkDoorRecorded(b *testing.B) {
	o := open(b, func(c *Config) { c.DB = dbtest.SQLite(b); c.Concurrency = 1000 })
	o.must(o.DB.Migrate(b.Context(), Schema()))
	h := o.Guard(EWS, handlerFunc(func(s *Session, _ http.ResponseWriter, r *http.Request) {
		s.Operation("GetItem", false)
		err := s.Enter()
		if err == nil {
			_, err = s.Mailbox(r.Context(), o.boxes["ben"])
		}
		if err == nil {
			err = s.Conclude(r.Context(), "")
		}
		if err != nil {
			b.Error(err)
		}
	}))
	o.send(as("anna"), func(*Session, http.ResponseWriter, *http.Request) {}) // fills the cache
	b.ReportAllocs()
	b.SetParallelism(32)
	done := cpu(b)
	b.RunParallel(func(pb *testing.PB) {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/", nil)
		r.RemoteAddr = peer + ":4711"
		r.Header.Set("Authorization", as("anna"))
		for pb.Next() {
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
	})
	done()
}
