package authn

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"entente"
	"entente/federation/fedtest"
	"entente/federation/httpsig"
	"entente/federation/token"
)

// Whatever comes to the WSSecurity paths, if it was made without the broker's key
// nobody comes in by it, and it is refused in the one way there is. The seeds are
// good requests, of a federation with another broker of the same name.
func FuzzDelegation(f *testing.F) {
	x := receive(f)
	// What is encrypted is for package token to fuzz; here it would take all the time.
	x.Opener().Open = nil
	other := &reception{World: fedtest.New(f, x.Now, "fabrikam.example"), now: x.now}
	other.Broker = fedtest.Rogue(f)
	p := other.Partner("contoso.example")
	for _, r := range []*http.Request{
		other.jwt(p, p.Claims("chris", token.FreeBusy)), other.borne(p, p.Claims("chris", token.FreeBusy)), other.possessed(p, holder(p, "chris")),
		zipped(p, []byte(question)),
	} {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		h := r.Header
		f.Add(b.Bytes(), h.Get("Authorization"), h.Get(httpsig.InputField), h.Get(httpsig.SignatureField), h.Get(httpsig.DigestField), h.Get(httpsig.KeyField), h.Get("Content-Encoding"))
	}
	f.Fuzz(func(t *testing.T, body []byte, authorization, input, signature, digest, key, encoding string) {
		for _, url := range [...]string{bearerURL, keyURL} {
			r := httptest.NewRequest(http.MethodPost, url, bytes.NewReader(body))
			for name, value := range map[string]string{
				"Authorization": authorization, httpsig.InputField: input, httpsig.SignatureField: signature,
				httpsig.DigestField: digest, httpsig.KeyField: key, "Content-Encoding": encoding,
			} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			c, err := x.at(r).Authenticate(r, nil)
			var e *entente.Error
			if c != nil || !errors.As(err, &e) || e.Kind != entente.Denied {
				t.Fatalf("%+v, %v", c, err)
			}
		}
	})
}
