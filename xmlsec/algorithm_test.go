package xmlsec

import (
	"crypto"
	"testing"
)

// TestProfiles has, for each algorithm there is a name for, from which profile on
// it is accepted, for which of the three uses alone.
func TestProfiles(t *testing.T) {
	const never = Legacy + 1
	for _, c := range []struct {
		alg                            string
		digest, signature, mac, cipher Profile // the first that accepts
		hash                           crypto.Hash
	}{
		{algSHA256, Modern, never, never, never, crypto.SHA256},
		{algSHA1, Legacy, never, never, never, crypto.SHA1},
		{algRSASHA256, never, Modern, never, never, crypto.SHA256},
		{algRSASHA1, never, Legacy, never, never, crypto.SHA1},
		{algHMACSHA256, never, never, Modern, never, crypto.SHA256},
		{algHMACSHA1, never, never, Compat, never, crypto.SHA1},
		{algAES256GCM, never, never, never, Modern, 0},
		{algAES256CBC, never, never, never, Compat, 0},
		{algTripleDES, never, never, never, Legacy, 0},
		{"", never, never, never, never, 0},
		{"http://www.w3.org/2001/04/xmlenc#sha512", never, never, never, never, 0},
		{"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", never, never, never, never, 0},
		{"http://www.w3.org/2001/04/xmlenc#aes128-cbc", never, never, never, never, 0},
	} {
		for _, p := range []Profile{0, Modern, Compat, Legacy, never, 0xFF} {
			in := func(first Profile) crypto.Hash {
				if p >= first && p <= Legacy {
					return c.hash
				}
				return 0
			}
			if p.digest(c.alg) != in(c.digest) || p.signature(c.alg) != in(c.signature) || p.mac(c.alg) != in(c.mac) {
				t.Errorf("%q, profile %d: digest %v, signature %v, mac %v", c.alg, p, p.digest(c.alg), p.signature(c.alg), p.mac(c.alg))
			}
			if got := p.reads(c.alg); (got != nil) != (p >= c.cipher && p <= Legacy) || got != nil && got.alg != c.alg {
				t.Errorf("%q, profile %d: cipher %v", c.alg, p, got)
			}
		}
	}
	// What a profile writes it accepts, and no profile before it that it goes beyond.
	for p, want := range map[Profile][4]string{
		0: {}, Modern: {algRSASHA256, algHMACSHA256, algSHA256, algAES256GCM}, Compat: {algRSASHA256, algHMACSHA1, algSHA256, algAES256CBC},
		Legacy: {algRSASHA1, algHMACSHA1, algSHA1, algTripleDES}, Legacy + 1: {},
	} {
		var got [4]string
		got[0], got[1], got[2] = p.writes()
		if c := p.cipher(); c != nil {
			got[3] = c.alg
		}
		if got != want {
			t.Errorf("profile %d writes %q, not %q", p, got, want)
		}
	}
}
