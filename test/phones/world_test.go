// Package phones drives a whole server with phones, beside other clients.
package phones

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/easclient"
	"entente/activesync/schematest"
	"entente/activesync/wbxml"
	"entente/mailbox"
	"entente/server"
	"entente/test/kit"
)

// answers has what the server said to the phones, which is compared with the
// published schemas at the end.
var answers *schematest.Check

func TestMain(m *testing.M) { os.Exit(schematest.Main(m, &answers)) }

// A world is one mailbox that two phones, EWS and the server itself change.
type world struct {
	*testing.T
	seed   uint64
	rnd    *rand.Rand
	server *server.Server
	ews    *kit.Client
	phones []*device
	// marks are what was made, by the name it has in its subject.
	marks map[string]*mark
	// done are the last steps, to be shown when something is wrong.
	done []string
}

// A mark is something that was made once.
type mark struct {
	by string
	// risky says that somebody deleted it, or that the phone which made it was put
	// back to before: it may be gone.
	risky bool
}

// A device is a phone with a network that fails, and a backup.
type device struct {
	*easclient.Phone
	name   string
	net    *network
	backup *easclient.State
	// since are the marks that it made after the backup.
	since []string
}

func newWorld(t *testing.T, seed uint64, o kit.Options) *world {
	t.Helper()
	o.People = 1
	s, p := kit.Inside(t, o)
	ews, err := p.Client()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, 1)), server: s, ews: ews, marks: map[string]*mark{}}
	for i, v := range []activesync.Version{activesync.V161, activesync.V141} {
		w.phones = append(w.phones, w.phone(fmt.Sprintf("phone%d", i+1), v, p.Address))
	}
	return w
}

func (w *world) phone(name string, v activesync.Version, address string) *device {
	net := &network{base: w.ews.HTTP.Transport, rnd: rand.New(rand.NewPCG(w.seed, uint64(len(w.phones)+2)))}
	p := easclient.New(easclient.Config{
		HTTP: &http.Client{Transport: net, Timeout: time.Minute},
		URL:  "https://" + address + "/Microsoft-Server-ActiveSync",
		User: kit.Address(0), Password: kit.Password, Version: v, DeviceID: name, DeviceType: "Model", UserAgent: "Model/1.0",
		Plain:   v == activesync.V141,
		Options: easclient.Options{Window: 7},
		Device:  easclient.Information{Model: "Model", FriendlyName: name},
		Sleep:   func(context.Context, time.Duration) error { return nil },
		Heard:   func(root *wbxml.Element) { answers.Note(w.T, root) },
	})
	return &device{Phone: p, name: name, net: net}
}

// errNetwork is what a phone sees of a network that failed.
var errNetwork = errors.New("the network failed")

// A network loses requests, loses answers, and sends things twice, while it is bad.
type network struct {
	base http.RoundTripper
	rnd  *rand.Rand
	bad  bool

	lost, unanswered, twice int
	// said are the last documents both ways, as XML.
	said []string
}

// hear notes a document.
func (n *network) hear(way string, doc []byte) {
	root, err := wbxml.Parse(doc, wbxml.Limits{Depth: 64, Elements: 1 << 20})
	if err != nil {
		return // of 200 bytes of HTTP, or of nothing
	}
	text := string(wbxml.AppendXML(nil, root))
	n.said = append(n.said, way+" "+text[:min(len(text), 20000)])
	n.said = n.said[max(0, len(n.said)-60):]
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.GetBody != nil {
		if b, err := r.GetBody(); err == nil {
			doc, _ := io.ReadAll(b)
			n.hear(">", doc)
		}
	}
	in, err := n.pass(r)
	if err != nil {
		n.said = append(n.said, "< "+err.Error())
		return nil, err
	}
	doc, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, errors.Join(err, in.Body.Close())
	}
	n.hear("<", doc)
	err = in.Body.Close()
	in.Body = io.NopCloser(bytes.NewReader(doc))
	return in, err
}

func (n *network) pass(r *http.Request) (*http.Response, error) {
	chance := 100
	if n.bad {
		chance = n.rnd.IntN(100)
	}
	switch {
	case chance < 4:
		n.lost++
		return nil, errNetwork
	case chance < 12:
		n.unanswered++
		return nil, errors.Join(errNetwork, n.drop(r))
	case chance < 16:
		n.twice++
		again := r.Clone(r.Context())
		if err := n.drop(r); err != nil {
			return nil, err
		}
		var err error
		if again.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
		return n.base.RoundTrip(again)
	}
	return n.base.RoundTrip(r)
}

// drop sends a request and loses the answer.
func (n *network) drop(r *http.Request) error {
	in, err := n.base.RoundTrip(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in.Body)
	return errors.Join(err, in.Body.Close())
}

// mark makes a name that nothing else has.
func (w *world) mark(by string) string {
	name := fmt.Sprintf("mark%05d", len(w.marks))
	w.marks[name] = &mark{by: by}
	return name
}

// risk says that what has a name in it may be gone from now on.
func (w *world) risk(subject string) {
	if m := w.marks[nameIn(subject)]; m != nil {
		m.risky = true
	}
}

// nameIn returns the mark in a subject.
func nameIn(subject string) string {
	if i := strings.Index(subject, "mark"); i >= 0 && len(subject) >= i+9 {
		return subject[i : i+9]
	}
	return ""
}

// note notes a step.
func (w *world) note(format string, args ...any) {
	w.done = append(w.done, fmt.Sprintf(format, args...))
	if len(w.done) > 400 {
		w.done = slices.Clone(w.done[200:])
	}
}

// wrong ends the test with the last steps. A filter shows those about one thing.
func (w *world) wrong(about, format string, args ...any) {
	w.Helper()
	last, most := w.done, 60
	if os.Getenv("ENTENTE_TRACE") != "" {
		most = 400
	} else if about != "" {
		last = slices.DeleteFunc(slices.Clone(last), func(s string) bool { return !strings.Contains(s, about) })
	}
	if os.Getenv("ENTENTE_TRACE") != "" {
		for _, p := range w.phones {
			w.Logf("%s:\n%s", p.name, strings.Join(p.net.said, "\n"))
		}
	}
	w.Fatalf("seed %d: %s\nsteps:\n  %s", w.seed, fmt.Sprintf(format, args...), strings.Join(last[max(0, len(last)-most):], "\n  "))
}

// must ends the test at an error that nothing excuses.
func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.wrong("", "%v", err)
	}
}

// excused reports whether an error is the network's.
func (w *world) excused(err error) bool {
	w.Helper()
	if err != nil && !errors.Is(err, errNetwork) {
		w.wrong("", "%v", err)
	}
	return err != nil
}

// view opens the mailbox as the server itself does.
func (w *world) view() *mailbox.View {
	w.Helper()
	a, ok := w.server.Directory.Snapshot().FindUPN(kit.Address(0))
	if !ok {
		w.Fatal("nobody is there")
	}
	v, err := w.server.Door.Local(a.Principal, "model").Own(w.Context())
	w.must(err)
	return v
}
