package easclient

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente/activesync"
	"entente/activesync/wbxml"
)

// A script answers a phone's requests, one step each. That what a real server says
// is understood, the tests of the server and of the whole show; here are the
// answers that it takes trouble to get from one.
type script struct {
	*testing.T
	steps []func(w http.ResponseWriter, l activesync.RequestLine, in *wbxml.Element)
	said  []string
	slept []time.Duration
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		w.Header().Set("MS-ASProtocolVersions", "12.1,14.0,14.1,16.0,16.1")
		w.Header().Set("MS-ASProtocolCommands", "Sync,Ping")
		return
	}
	l, err := activesync.ParseRequestLine(r.URL.RawQuery, r.Header.Get)
	if err != nil {
		s.Errorf("%s: %v", r.URL.RawQuery, err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.Error(err)
	}
	var in *wbxml.Element
	if len(body) > 0 && r.Header.Get("Content-Type") == "application/vnd.ms-sync.wbxml" {
		if in, err = wbxml.Parse(body, wbxml.DefaultLimits()); err != nil {
			s.Error(err)
		}
	}
	s.said = append(s.said, fmt.Sprintf("%s key %d", l.Command, l.PolicyKey))
	if len(s.said) > len(s.steps) {
		s.Errorf("%s was not expected", l.Command)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.steps[len(s.said)-1](w, l, in)
}

// play gives a phone a server that answers as the steps say.
func play(t *testing.T, v activesync.Version, steps ...func(http.ResponseWriter, activesync.RequestLine, *wbxml.Element)) (*Phone, *script) {
	t.Helper()
	s := &script{T: t, steps: steps}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	p := New(Config{
		HTTP: server.Client(), URL: server.URL, User: "anna@contoso.example", Password: "x", Version: v, DeviceID: "phone1",
		Sleep: func(_ context.Context, d time.Duration) error { s.slept = append(s.slept, d); return nil },
	})
	p.Speaks = v
	return p, s
}

type step = func(http.ResponseWriter, activesync.RequestLine, *wbxml.Element)

// says answers with a document.
func says(write func(w *wbxml.Writer)) step {
	return func(w http.ResponseWriter, _ activesync.RequestLine, _ *wbxml.Element) {
		d := wbxml.NewWriter(nil)
		write(d)
		w.Header().Set("Content-Type", "application/vnd.ms-sync.wbxml")
		_, _ = w.Write(d.Bytes())
	}
}

// fails answers with an HTTP status and headers.
func fails(status int, headers ...string) step {
	return func(w http.ResponseWriter, _ activesync.RequestLine, _ *wbxml.Element) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
	}
}

func status(root, tag wbxml.Tag, n int64) step {
	return says(func(w *wbxml.Writer) { w.Start(root); w.Int(tag, n); w.End() })
}

// policy answers a Provision with a key.
func policy(key string) step {
	return says(func(w *wbxml.Writer) {
		w.Start(wbxml.ProvisionProvision)
		w.Int(wbxml.ProvisionStatus, 1)
		w.Start(wbxml.ProvisionPolicies)
		w.Start(wbxml.ProvisionPolicy)
		w.Text(wbxml.ProvisionPolicyType, policyType)
		w.Int(wbxml.ProvisionStatus, 1)
		w.Text(wbxml.ProvisionPolicyKey, key)
		w.Start(wbxml.ProvisionData)
		w.Start(wbxml.ProvisionEASProvisionDoc)
		w.Int(wbxml.ProvisionDevicePasswordEnabled, 1)
		for range 5 {
			w.End()
		}
	})
}

func folders() step {
	return says(func(w *wbxml.Writer) {
		w.Start(wbxml.FolderHierarchyFolderSync)
		w.Int(wbxml.FolderHierarchyStatus, 1)
		w.Text(wbxml.FolderHierarchySyncKey, "1")
		w.Start(wbxml.FolderHierarchyChanges)
		w.Int(wbxml.FolderHierarchyCount, 1)
		w.Start(wbxml.FolderHierarchyAdd)
		w.Text(wbxml.FolderHierarchyServerId, "5")
		w.Text(wbxml.FolderHierarchyParentId, "0")
		w.Text(wbxml.FolderHierarchyDisplayName, "Inbox")
		w.Int(wbxml.FolderHierarchyType, 2)
		for range 3 {
			w.End()
		}
	})
}

// What HTTP statuses and statuses common to all make a phone do.
func TestHeals(t *testing.T) {
	test := func(name string, v activesync.Version, want string, steps ...step) {
		t.Run(name, func(t *testing.T) {
			p, s := play(t, v, steps...)
			got := "done"
			if err := p.FolderSync(t.Context()); err != nil {
				got = err.Error()
			}
			got += ": " + strings.Join(s.said, ", ")
			if len(s.slept) > 0 {
				got += fmt.Sprint(" slept ", s.slept)
			}
			if got != want {
				t.Errorf("%s\nnot %s", got, want)
			}
		})
	}
	folder := func(n int64) step {
		return status(wbxml.FolderHierarchyFolderSync, wbxml.FolderHierarchyStatus, n)
	}
	test("at once", activesync.V161, "done: FolderSync key 0", folders())
	test("449", activesync.V121, "done: FolderSync key 0, Provision key 0, Provision key 7, FolderSync key 8",
		fails(449), policy("7"), policy("8"), folders())
	test("142", activesync.V141, "done: FolderSync key 0, Provision key 0, Provision key 7, FolderSync key 8",
		folder(142), policy("7"), policy("8"), folders())
	test("no policy", activesync.V141, "done: FolderSync key 0, Provision key 0, FolderSync key 0",
		folder(142), says(func(w *wbxml.Writer) {
			w.Start(wbxml.ProvisionProvision)
			w.Int(wbxml.ProvisionStatus, 1)
			w.Start(wbxml.ProvisionPolicies)
			w.Start(wbxml.ProvisionPolicy)
			w.Int(wbxml.ProvisionStatus, 2)
			for range 3 {
				w.End()
			}
		}), folders())
	test("a loop", activesync.V161, "after 6 tries: FolderSync: status 142 in FolderSync: "+
		strings.TrimSuffix(strings.Repeat("FolderSync key 0, Provision key 0, Provision key 7, ", 1)+
			strings.Repeat("FolderSync key 8, Provision key 0, Provision key 7, ", 5), ", "),
		folder(142), policy("7"), policy("8"), folder(142), policy("7"), policy("8"), folder(142), policy("7"), policy("8"),
		folder(142), policy("7"), policy("8"), folder(142), policy("7"), policy("8"), folder(142), policy("7"), policy("8"))
	test("503", activesync.V161, "done: FolderSync key 0, FolderSync key 0 slept [2m0s]",
		fails(503, "Retry-After", "120"), folders())
	test("503 without a time", activesync.V161, "done: FolderSync key 0, FolderSync key 0 slept [30s]", fails(503), folders())
	test("111", activesync.V161, "done: FolderSync key 0, FolderSync key 0 slept [30s]", folder(111), folders())
	test("165", activesync.V141, "done: FolderSync key 0, Settings key 0, FolderSync key 0", folder(165), says(func(w *wbxml.Writer) {
		w.Start(wbxml.SettingsSettings)
		w.Int(wbxml.SettingsStatus, 1)
		w.Start(wbxml.SettingsDeviceInformation)
		w.Int(wbxml.SettingsStatus, 1)
		w.End()
		w.End()
	}), folders())
	test("blocked", activesync.V141, "FolderSync: status 129 in FolderSync: FolderSync key 0", folder(129))
	test("451 without a place", activesync.V161, "the server answered HTTP 451: FolderSync key 0", fails(451))
	test("401", activesync.V161, "the server answered HTTP 401: FolderSync key 0", fails(401))
	wipe := func(tag wbxml.Tag) step {
		return says(func(w *wbxml.Writer) {
			w.Start(wbxml.ProvisionProvision)
			w.Int(wbxml.ProvisionStatus, 1)
			w.Empty(tag)
			w.End()
		})
	}
	test("wiped", activesync.V141, "the server had the phone erased: FolderSync key 0, Provision key 0, Provision key 0",
		folder(140), wipe(wbxml.ProvisionRemoteWipe), status(wbxml.ProvisionProvision, wbxml.ProvisionStatus, 1))
	test("account wiped", activesync.V161, "the server had the account removed from the phone: FolderSync key 0, Provision key 0, Provision key 0",
		folder(140), wipe(wbxml.ProvisionAccountOnlyRemoteWipe), status(wbxml.ProvisionProvision, wbxml.ProvisionStatus, 1))
	test("an unknown key", activesync.V161, "FolderSync: status 9 in FolderSync: FolderSync key 0", folder(9))
}

// A phone goes where it is sent, and stays there.
func TestGoesElsewhere(t *testing.T) {
	there, s := play(t, activesync.V161, folders(), folders())
	p, first := play(t, activesync.V161, fails(451, "X-MS-Location", there.URL))
	for range 2 {
		p.HierarchyKey = "0"
		if err := p.FolderSync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(first.said) != 1 || len(s.said) != 2 {
		t.Errorf("%v here and %v there", first.said, s.said)
	}
}

// What begins otherwise than clients in the field expect is refused.
func TestStrictAnswers(t *testing.T) {
	test := func(name, kind, body string, ok bool) {
		t.Helper()
		p, _ := play(t, activesync.V161, func(w http.ResponseWriter, _ activesync.RequestLine, _ *wbxml.Element) {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, body)
		})
		err := p.SendMail(t.Context(), Message{MIME: []byte("x")})
		if ok != (err == nil) || err != nil && !errors.Is(err, ErrNotActiveSync) {
			t.Errorf("%s: %v", name, err)
		}
	}
	const document = "application/vnd.ms-sync.wbxml"
	test("nothing", document, "", true)
	test("success", document, "\x03\x01\x6A\x00\x00\x15\x45\x52\x031\x00\x01\x01", true)
	test("a string table", document, "\x03\x01\x6A\x01\x00\x00\x15\x45\x52\x031\x00\x01\x01", false)
	test("a public identifier", document, "\x03\x0B\x6A\x00\x00\x15\x45\x52\x031\x00\x01\x01", false)
	test("half", document, "\x03\x01\x6A\x00\x00\x15\x45", false)
	test("XML", document, "<SendMail/>", false)
}

func TestMultipart(t *testing.T) {
	build := func(lengths ...uint32) []byte {
		b := binary.LittleEndian.AppendUint32(nil, uint32(len(lengths)))
		at := uint32(4 + 8*len(lengths))
		for _, n := range lengths {
			b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, at), n)
			at += n
		}
		return append(b, "abcdef"...)
	}
	parts, err := multipart(build(2, 4))
	if err != nil || fmt.Sprintf("%s", parts) != "[ab cdef]" {
		t.Errorf("%s, %v", parts, err)
	}
	for _, bad := range [][]byte{nil, {1, 0, 0, 0}, {0, 0, 0, 0}, {255, 255, 255, 255}, build(2, 5), build(1 << 31)} {
		if parts, err := multipart(bad); err == nil {
			t.Errorf("% X gave %s", bad, parts)
		}
	}
}

// FuzzAnswer holds that no answer of a server makes a phone panic.
func FuzzAnswer(f *testing.F) {
	f.Add("application/vnd.ms-sync.wbxml", []byte("\x03\x01\x6A\x00\x45\x5C\x4F\x4B\x031\x00\x01\x52\x035\x00\x01\x4E\x031\x00\x01\x56\x47\x4D\x031\x00\x01\x5D\x01\x01\x01\x01\x01\x01"))
	f.Add("application/vnd.ms-sync.multipart", []byte("\x01\x00\x00\x00\x0C\x00\x00\x00\x05\x00\x00\x00\x03\x01\x6A\x00\x05"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		a := &Answer{Type: kind}
		if a.read(body) != nil {
			return
		}
		p := New(Config{})
		p.Speaks = activesync.V161
		in := &Folder{ID: "5", Type: activesync.DefaultInbox}
		in.reset()
		p.Folders["5"] = in
		in.Add(func(w *wbxml.Writer) { w.Text(wbxml.EmailSubject, "a") })
		for c := range a.Root.Child(wbxml.AirSyncCollections).All(wbxml.AirSyncCollection) {
			p.collection(in, c)
		}
		p.hierarchy(a.Root.Child(wbxml.FolderHierarchyChanges), true)
		_, _, _ = p.pinged(a)
	})
}
