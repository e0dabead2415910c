package easserver

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/authn/clientcert"
)

// validate asks about certificates, in base64, and what came with them.
func (p *phone) validate(check string, certificates, chain []string) string {
	p.Helper()
	root := p.send(activesync.ValidateCert, func(w *wbxml.Writer) {
		w.Start(wbxml.ValidateCertValidateCert)
		for t, list := range map[wbxml.Tag][]string{wbxml.ValidateCertCertificateChain: chain, wbxml.ValidateCertCertificates: certificates} {
			if list == nil {
				continue
			}
			w.Start(t)
			for _, s := range list {
				w.Text(wbxml.ValidateCertCertificate, s)
			}
			w.End()
		}
		if check != "" {
			w.Text(wbxml.ValidateCertCheckCRL, check)
		}
		w.End()
	}).ok()
	s := []string{root.Get(wbxml.ValidateCertStatus)}
	for e := range root.All(wbxml.ValidateCertCertificate) {
		s = append(s, e.Get(wbxml.ValidateCertStatus))
	}
	return strings.Join(s, " ")
}

// verdicts is a judge that says what it is told to, by serial number.
type verdicts map[int64]clientcert.MailVerdict

func (v verdicts) Mail(_ context.Context, leaf *x509.Certificate, between []*x509.Certificate, hard bool) clientcert.MailVerdict {
	said := v[leaf.SerialNumber.Int64()]
	if said == clientcert.MailUnconfirmed && !hard || said == clientcert.MailUntrusted && len(between) > 0 {
		return clientcert.MailGood
	}
	return said
}

func TestValidateCert(t *testing.T) {
	h := open(t)
	b64 := func(serial int64) string {
		return base64.StdEncoding.EncodeToString(certificate(t, x509.Certificate{SerialNumber: big.NewInt(serial)}))
	}
	one := b64(1)
	many := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = one
		}
		return list
	}
	says := verdicts{
		2: clientcert.MailSignature, 3: clientcert.MailUntrusted, 4: clientcert.MailChain, 5: clientcert.MailPurpose, 6: clientcert.MailTime,
		7: clientcert.MailChainTime, 8: clientcert.MailChainPurpose, 9: clientcert.MailRevoked, 10: clientcert.MailChainRevoked,
		11: clientcert.MailUnconfirmed, 12: clientcert.MailMalformed,
	}
	for _, v := range activesync.Versions() {
		p := h.phone("anna", v)
		h.handler.Certificates = nil
		if got := p.validate("", []string{b64(1)}, nil); got != "1 4" {
			t.Errorf("%s: without an authority: %s", v, got)
		}
		h.handler.Certificates = says
		for name, x := range map[string]struct {
			check               string
			certificates, chain []string
			want                string
		}{
			"good":                {"", []string{b64(1)}, nil, "1 1"},
			"folded":              {"", []string{" " + one[:40] + "\r\n" + one[40:] + "\r\n"}, nil, "1 1"},
			"each for itself":     {"1", []string{b64(2), b64(3), b64(4), b64(5), b64(6), b64(7), b64(8), b64(9), b64(10), b64(11), b64(12)}, nil, "1 3 4 5 6 7 8 11 13 15 14 10"},
			"not looked up":       {"0", []string{b64(11)}, nil, "1 1"},
			"with a chain":        {"", []string{b64(3)}, []string{b64(1)}, "1 1"},
			"a chain of nothing":  {"", []string{b64(3)}, []string{"x"}, "1 4"},
			"no base64":           {"", []string{"?"}, nil, "1 10"},
			"no certificate":      {"", []string{"AAAA", b64(1)}, nil, "1 10 1"},
			"an empty one":        {"", []string{""}, nil, "1 10"},
			"none":                {"", []string{}, nil, "2"},
			"nothing":             {"", nil, []string{b64(1)}, "2"},
			"check what":          {"2", []string{b64(1)}, nil, "2"},
			"too many":            {"", many(maxCertificates + 1), nil, "2"},
			"too much of a chain": {"", []string{b64(1)}, many(maxChain + 1), "2"},
			"too large":           {"", []string{strings.Repeat("A", maxCertificateLen+1)}, nil, "2"},
			"a thousand":          {"", many(1000), nil, "2"},
		} {
			if got := p.validate(x.check, x.certificates, x.chain); got != x.want {
				t.Errorf("%s: %s: %s, want %s", v, name, got, x.want)
			}
		}
	}
	h.phone("anna", activesync.V161).send(activesync.ValidateCert, nil).is(certProtocol)
	// The judge of certificates that people sign in with is the one of mail too.
	j, err := clientcert.New(clientcert.Config{
		Snapshot: func() *access.Snapshot { return h.door.Directory.Snapshot() },
		Authorities: []clientcert.Authority{{
			Name: "contoso", Revocation: clientcert.Revocation{None: true},
			Certificates: []*x509.Certificate{parsed(t, certificate(t, x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}))},
		}},
	})
	h.must(err)
	h.handler.Certificates = j
	if got := h.phone("anna", activesync.V161).validate("1", []string{b64(1)}, nil); got != "1 3" {
		t.Error(got) // it names the authority as its issuer
	}
}

func parsed(tb testing.TB, b []byte) *x509.Certificate {
	tb.Helper()
	c, err := x509.ParseCertificate(b)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
