package kit

import (
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

// TestProcess starts a server, finds what it was filled with, kills it, and
// finds the same in the next one on its state.
func TestProcess(t *testing.T) {
	p := Start(t, Options{People: 2, Mails: 3, Events: 60})
	look := func() {
		t.Helper()
		c, err := p.Client()
		if err != nil {
			t.Fatal(err)
		}
		body, err := c.Call(t.Context(), Address(1), FindItem("inbox", 0, 10))
		if err != nil {
			t.Fatal(err, p.Log())
		}
		if got := len(Values(body, "ItemId", "Id")); got != 3 {
			t.Errorf("%d messages in %s", got, body)
		}
		body, err = c.Call(t.Context(), Address(0), Availability(MergedOnly, Monday(), 7, Address(1)))
		if err != nil {
			t.Fatal(err, p.Log())
		}
		if got := Texts(body, "t:MergedFreeBusy"); len(got) != 1 || !strings.Contains(got[0], "2") {
			t.Errorf("free/busy %q in %s", got, body)
		}
	}
	look()
	if p.CPU() <= 0 {
		t.Error("no processor time measured")
	}
	if now, peak := p.Memory(); now <= 0 || peak < now {
		t.Errorf("memory %d, peak %d", now, peak)
	}
	state := p.Options.State
	p.Kill()
	p = Start(t, Options{State: state, People: 2})
	look()
}
