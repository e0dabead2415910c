package autodiscover

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"entente/access"
	"entente/clientaccess"
	"entente/directory"
)

// TestPlaces: clients are told where the mailbox of their user is reached, in its
// site and from outside.
func TestPlaces(t *testing.T) {
	d := open(t)
	const (
		oslo    = "https://oslo.contoso.example/EWS/Exchange.asmx"
		outside = "https://mail.contoso.example/EWS/Exchange.asmx"
		bergen  = "https://bergen.contoso.example/EWS/Exchange.asmx"
	)
	test := func(what, internal, external string) {
		t.Helper()
		_, body := d.ask("anna", http.MethodPost, poxPath, "", question(requestOutlook, "anna@contoso.example", responseOutlook))
		e := parse(t, body)
		account := e.child(responseOutlook, "Response", "").child(responseOutlook, "Account", "")
		for path, want := range map[string]string{
			"Protocol[Type=EXCH]/EwsUrl": internal, "Protocol[Type=EXPR]/EwsUrl": external,
			"Protocol[Type=WEB]/Internal/Protocol/ASUrl": internal, "Protocol[Type=WEB]/External/Protocol/ASUrl": external,
		} {
			if got := account.at(responseOutlook, path); got != want {
				t.Errorf("%s: %s is %s, want %s", what, path, got, want)
			}
		}
		_, body = d.ask("anna", http.MethodPost, soapPath, "", userSettings([]string{"InternalEwsUrl", "ExternalEwsUrl"}, "anna@contoso.example"))
		var got []string
		for _, s := range parse(t, body).find("UserSetting") {
			got = append(got, s.at(spaceA, "Value"))
		}
		if want := []string{internal, external}; !slices.Equal(got, want) {
			t.Errorf("%s: SOAP says %q, want %q", what, got, want)
		}
	}
	change := func(f func(c *directory.Change) error) {
		t.Helper()
		d.must(d.dir.Update(t.Context(), f))
	}
	at := func(server, internal, external string) {
		t.Helper()
		change(func(c *directory.Change) error {
			return c.SetVirtualDirectory(server, "ews", func(v *directory.VirtualDirectory) error {
				v.InternalURL, v.ExternalURL = internal, external
				return nil
			})
		})
	}
	test("nothing set", ewsURL, ewsURL)
	at("mail.contoso.example", "", outside)
	test("published", ewsURL, outside)
	at("mail.contoso.example", oslo, outside)
	test("both", oslo, outside)

	// Anna's mailbox is another node's, in another site.
	change(func(c *directory.Change) error {
		return c.SetDatabase(directory.Database{Name: "first", URL: "sqlite:first.db", Node: "box2.contoso.example"})
	})
	test("another node, of which nothing is said", oslo, outside)
	at("box2.contoso.example", bergen, "")
	test("another node that is not published", bergen, outside)
	change(func(c *directory.Change) error {
		if err := c.SetServer(directory.Server{Name: "box2.contoso.example", Site: "Bergen"}); err != nil {
			return err
		}
		return c.SetServer(directory.Server{Name: "cas2.contoso.example", Site: "Bergen"})
	})
	at("cas2.contoso.example", "", "https://west.contoso.example/EWS/Exchange.asmx")
	test("published by another of its site", bergen, "https://west.contoso.example/EWS/Exchange.asmx")
	at("mail.contoso.example", oslo, "")
	change(func(c *directory.Change) error {
		return c.SetDatabase(directory.Database{Name: "first", URL: "sqlite:first.db", Node: "mail.contoso.example"})
	})
	test("here, and another site alone is published", oslo, "https://west.contoso.example/EWS/Exchange.asmx")
}

// JSON is asked for before anybody signs in: which address is told, the name says
// by which the client came.
func TestJSONPlaces(t *testing.T) {
	d := open(t)
	d.must(d.dir.Update(t.Context(), func(c *directory.Change) error {
		return c.SetVirtualDirectory("mail.contoso.example", "ews", func(v *directory.VirtualDirectory) error {
			v.ExternalURL = "https://owa.contoso.example/EWS/Exchange.asmx"
			return nil
		})
	}))
	test := func(host, forwarded, want string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+host+jsonPath+"?Protocol=EWS", nil)
		if forwarded != "" {
			r.Header.Set("X-Forwarded-Host", forwarded)
		}
		w := httptest.NewRecorder()
		d.routes[jsonPath].ServeHTTP(w, r)
		var got jsonAnswer
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.URL != want {
			t.Errorf("%s: %v %v, want %s", host, got, err, want)
		}
	}
	const outside = "https://owa.contoso.example/EWS/Exchange.asmx"
	test("mail.contoso.example", "", ewsURL)
	test("owa.contoso.example", "", outside)
	test("OWA.contoso.example:443", "", outside)
	test("other.contoso.example", "", ewsURL)
	test("mail.contoso.example", "owa.contoso.example", outside) // by a gateway
	test("mail.contoso.example", "other.contoso.example", ewsURL)
}

// TestAuthPackage: clients outside are told a method that is offered.
func TestAuthPackage(t *testing.T) {
	d := open(t)
	test := func(want string) {
		t.Helper()
		_, body := d.ask("anna", http.MethodPost, poxPath, "", question(requestOutlook, "anna@contoso.example", responseOutlook))
		account := parse(t, body).child(responseOutlook, "Response", "").child(responseOutlook, "Account", "")
		if got := account.at(responseOutlook, "Protocol[Type=EXPR]/AuthPackage"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	test("basic")
	d.must(d.dir.Update(t.Context(), func(c *directory.Change) error {
		return c.SetVirtualDirectory("mail.contoso.example", string(clientaccess.EWS), func(v *directory.VirtualDirectory) error {
			v.Basic = access.Off
			return nil
		})
	}))
	test("no AuthPackage")
}
