package kdctest

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Getenv("ENTENTE_TEST_ORPHAN") != "" {
		r, err := heimdal{}.start()
		if err != nil {
			fmt.Print(err)
			os.Exit(1)
		}
		fmt.Print(r.KDC, " ", r.dir)
		_ = os.Stdout.Close()
		select {}
	}
	os.Exit(m.Run())
}

// TestNothingLeft kills a process that has started a realm: the KDC and its
// files go with it.
func TestNothingLeft(t *testing.T) {
	Heimdal(t)
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), "ENTENTE_TEST_ORPHAN=1")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(out)
	_ = c.Process.Kill()
	_ = c.Wait()
	kdc, dir, ok := strings.Cut(string(said), " ")
	if !ok || err != nil {
		t.Fatal(string(said), err)
	}
	err = within(20*time.Second, func() error {
		if answers(kdc) == nil {
			return fmt.Errorf("the KDC is still there")
		}
		if _, err := os.Stat(dir); err == nil {
			return fmt.Errorf("its files are still there")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

var kinds = []struct {
	name string
	new  func(testing.TB) *Realm
}{{"Samba", NewSamba}, {"Heimdal", NewHeimdal}, {"MIT", NewMIT}}

// TestRealms asks each KDC as MIT's programs do: who is who, and who may what.
func TestRealms(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			r := k.new(t)
			kinit := func(args ...string) error { return r.program(t, "", "kinit", args...) }
			for _, s := range services {
				if err := kinit("-k", "-t", r.Keytab, r.Service(s)); err != nil {
					t.Error(err)
				}
			}
			for user, ok := range map[string]bool{"alice": true, "dave": false} {
				if err := r.program(t, Password, "kinit", user); (err == nil) != ok {
					t.Error(user, err)
				}
			}
			if err := kinit("-f", "-k", "-t", r.Keytab, r.Service("gw")); err != nil {
				t.Fatal(err)
			}
			for user, ok := range map[string]bool{"alice": true, "carol": false, "dave": false, "nobody": false} {
				if err := r.program(t, "", "kvno", "-U", user, "-P", r.SPN("cas")); (err == nil) != ok {
					t.Error(user, err)
				}
			}
			if err := r.program(t, "", "kvno", "-U", "alice", "-P", r.SPN("mbx")); err == nil {
				t.Error("gw delegates to mbx")
			}
			r.Disable(t, "alice")
			r.SetPassword(t, r.Service("gw"), "Another-Pass!2")
			if err := r.program(t, Password, "kinit", "alice"); err == nil {
				t.Error("alice is not disabled")
			}
			if err := kinit("-k", "-t", r.Keytab, r.Service("gw")); err == nil {
				t.Error("the old key is good for a new ticket")
			}
			if err := kinit("-k", "-t", r.Export(t, r.Service("gw")), r.Service("gw")); err != nil {
				t.Error(err)
			}
		})
	}
}

// program runs a program of MIT's with a credential cache of the test's.
func (r *Realm) program(t *testing.T, stdin, name string, args ...string) error {
	return run([]string{"KRB5_CONFIG=" + r.Config, "KRB5CCNAME=FILE:" + r.dir + "/cc"}, stdin+"\n", name, args...)
}

// TestOutage stops, starts and pauses each KDC.
func TestOutage(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			r := k.new(t)
			kinit := func() error { return r.program(t, "", "kinit", "-k", "-t", r.Keytab, r.Service("gw")) }
			r.Stop(t)
			if err := answers(r.KDC); err == nil {
				t.Error("a KDC that is stopped answers")
			}
			r.Start(t)
			if err := kinit(); err != nil {
				t.Error(err)
			}
			r.Pause(t)
			if c, err := net.Dial("tcp", r.KDC); err == nil {
				_, _ = c.Write([]byte{0, 0, 0, 1, 0})
				_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
				if _, err := c.Read(make([]byte, 1)); !os.IsTimeout(err) {
					t.Errorf("a KDC that is paused says %v", err)
				}
				_ = c.Close()
			} else {
				t.Error(err)
			}
			r.Resume(t)
			if err := kinit(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestActiveDirectory changes and reads what is Active Directory's alone.
func TestActiveDirectory(t *testing.T) {
	r := NewSamba(t)
	mapping := "X509:<I>CN=Test CA<SR>65"
	r.Modify(t, r.DN("alice"), "altSecurityIdentities", mapping)
	if got := r.Attribute(t, "alice", "altSecurityIdentities"); got != mapping {
		t.Errorf("altSecurityIdentities is %q", got)
	}
	if sid := r.SID(t, "alice"); !strings.HasPrefix(sid, "S-1-5-21-") || sid == r.SID(t, "bob") {
		t.Errorf("alice is %s", sid)
	}
	r.Add(t, r.DN("erin"), map[string][]string{"objectClass": {"user"}, "sAMAccountName": {"erin"}})
	r.SetPassword(t, "erin", Password)
	r.Modify(t, r.DN("erin"), "userAccountControl", "512")
	if err := r.program(t, Password, "kinit", "erin"); err != nil {
		t.Error(err)
	}
	r.Delete(t, r.DN("erin"))
	if err := r.program(t, Password, "kinit", "erin"); err == nil {
		t.Error("erin is not deleted")
	}
}
