package xmlsec

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
)

// values are the two CipherValues of an EncryptedData: key and content.
func values(t testing.TB, x []byte) (key, content string) {
	t.Helper()
	parts := strings.Split(string(x), "<xenc:CipherValue>")
	if len(parts) != 3 {
		t.Fatalf("no two values in %s", x)
	}
	key, _, _ = strings.Cut(parts[1], "<")
	content, _, _ = strings.Cut(parts[2], "<")
	return key, content
}

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRule6OneShape holds that what secrets decide shows neither in the error
// nor in the steps taken: with a key that does not open, a padding that is wrong,
// content that is nonsense, a signature that is another's, the private key is
// used once, content is decrypted once, padding is looked at once, and a
// signature is verified once, as with what is right.
func TestRule6OneShape(t *testing.T) {
	by, _ := certificate(t, 0, "broker-current-1")
	evil, _ := certificate(t, 1, "somebody-else-01")
	_, to := certificate(t, 2, "fabrikam-current")
	for _, p := range []Profile{Modern, Compat, Legacy} {
		seal := func(doc string) []byte {
			x, err := Encrypt([]byte(doc), "Assertion0", to.Certificate, p)
			if err != nil {
				t.Fatal(err)
			}
			return x
		}
		good := seal(sign(t, assertion, by, p))
		key, content := values(t, good)
		put := func(of, with []byte) []byte {
			return bytes.Replace(good, []byte(base64.StdEncoding.EncodeToString(of)), []byte(base64.StdEncoding.EncodeToString(with)), 1)
		}
		k, c := unbase64(t, key), unbase64(t, content)
		wrapped := func(secret []byte) []byte {
			w, err := wrap(secret, to.Certificate)
			if err != nil {
				t.Fatal(err)
			}
			return put(k, w)
		}
		flip := func(b []byte, i int) []byte {
			b = bytes.Clone(b)
			b[(i+len(b))%len(b)] ^= 1
			return b
		}
		otherOAEP, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, to.Key.Public().(*rsa.PublicKey), make([]byte, 32), nil)
		if err != nil {
			t.Fatal(err)
		}
		//lint:ignore SA1019 what is never opened here is made here
		old, err := rsa.EncryptPKCS1v15(rand.Reader, to.Key.Public().(*rsa.PublicKey), make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		block := p.cipher()
		want := work{unwrap: 1, open: 1, verify: 1}
		if !block.gcm {
			want.unpad = 1
		}
		for name, x := range map[string][]byte{
			"right":                        good,
			"key that does not open":       put(k, flip(k, -1)),
			"key beyond the modulus":       put(k, bytes.Repeat([]byte{0xFF}, len(k))),
			"key of zeros":                 put(k, make([]byte, len(k))),
			"key by another hash":          put(k, otherOAEP),
			"key by RSA 1.5":               put(k, old),
			"another key":                  wrapped(make([]byte, block.key)),
			"a key too short":              wrapped(make([]byte, 16)),
			"a key too long":               wrapped(make([]byte, 48)),
			"no key":                       wrapped(nil),
			"content changed at the start": put(c, flip(c, 0)),
			"content changed within":       put(c, flip(c, len(c)/2)),
			"content changed at the end":   put(c, flip(c, -1)),
			"padding changed":              put(c, flip(c, -17)),
			"two blocks":                   put(c, c[:32]),
			"signed by another":            seal(sign(t, assertion, evil, p)),
			"not signed":                   seal(assertion),
			"no XML":                       seal("hello"),
			"nothing":                      seal(""),
		} {
			var w work
			plain, err := decrypt(x, []Decrypter{to}, p, &w)
			if err != nil && !errors.Is(err, ErrRefused) {
				t.Errorf("profile %d, %s: %v", p, name, err)
			}
			if err != nil && !block.gcm {
				t.Errorf("profile %d, %s: what padding or key decides is an error", p, name)
			}
			want := want
			if err != nil { // the tag of GCM refused, whichever of key and content was wrong
				want.verify = 0
			} else if _, err = verify(plain, saml, []*x509.Certificate{by.Certificate}, p, &w); err == nil != (name == "right") {
				t.Errorf("profile %d, %s: verified: %v", p, name, err)
			}
			if w != want {
				t.Errorf("profile %d, %s: took %+v, not %+v", p, name, w, want)
			}
		}
	}
}

// TestUnpad holds that wrong padding leaves a NUL at the end, and takes nothing
// off, and that only the last byte of padding counts. XML Encryption 5.2.
func TestUnpad(t *testing.T) {
	for n := range 256 {
		for _, good := range []int{0, 1} {
			plain := append([]byte("<a>            </a>             "), byte(n))
			plain = plain[len(plain)-32:]
			got := unpad(bytes.Clone(plain), 16, good)
			want := append(bytes.Clone(plain[:31]), 0)
			if good == 1 && n >= 1 && n <= 16 {
				want = plain[:32-n]
			}
			if !bytes.Equal(got, want) {
				t.Errorf("padding %d, key %d: %q, not %q", n, good, got, want)
			}
		}
	}
}

// counting is a private key that says how it was used.
type counting struct {
	*rsa.PrivateKey
	with []crypto.DecrypterOpts
}

func (c *counting) Decrypt(r io.Reader, b []byte, o crypto.DecrypterOpts) ([]byte, error) {
	c.with = append(c.with, o)
	return c.PrivateKey.Decrypt(r, b, o)
}

// TestRule6Forms holds that there is one form of EncryptedData and of
// EncryptedKey, that the private key is used for RSA-OAEP alone, and not at all
// for what has another form or is for somebody else.
func TestRule6Forms(t *testing.T) {
	_, to := certificate(t, 2, "fabrikam-current")
	x, err := Encrypt([]byte(assertion), "Assertion0", to.Certificate, Modern)
	if err != nil {
		t.Fatal(err)
	}
	good := string(x)
	key := &counting{PrivateKey: to.Key.(*rsa.PrivateKey)}
	us := []Decrypter{{to.Certificate, key}}
	if plain, err := Decrypt(x, us, Modern); err != nil || string(plain) != assertion || len(key.with) != 1 {
		t.Fatalf("%v %v", err, key.with)
	}
	if o, ok := key.with[0].(*rsa.OAEPOptions); !ok || o.Hash != crypto.SHA1 || o.MGFHash != 0 || o.Label != nil {
		t.Errorf("the key was used with %#v", key.with[0])
	}
	key.with = nil
	_, content := values(t, x)
	method := func(s string) string { return replace(t, good, algOAEP, s) }
	for name, doc := range map[string]string{
		"empty":                 "",
		"comment":               replace(t, good, "<xenc:CipherData>", "<!-- --><xenc:CipherData>"),
		"comment in a value":    replace(t, good, content, content[:8]+"<!-- -->"+content[8:]),
		"CDATA":                 replace(t, good, content, "<![CDATA["+content+"]]>"),
		"document type":         "<!DOCTYPE a>" + good,
		"text":                  replace(t, good, "<xenc:CipherData>", "x<xenc:CipherData>"),
		"two roots":             good + good,
		"wrapped":               "<a>" + good + "</a>",
		"another root":          strings.ReplaceAll(good, "xenc:EncryptedData", "xenc:EncryptedHeader"),
		"type of content":       replace(t, good, typeElement, SpaceEncryption+"Content"),
		"no type":               replace(t, good, ` Type="`+typeElement+`"`, ""),
		"attribute":             replace(t, good, ` Type=`, ` MimeType="text/xml" Type=`),
		"no method":             cut(good, "<xenc:EncryptionMethod Algorithm=\""+algAES256GCM, "/>"),
		"RSA 1.5":               method(SpaceEncryption + "rsa-1_5"),
		"OAEP of XML Enc 1.1":   method("http://www.w3.org/2009/xmlenc11#rsa-oaep"),
		"key wrap":              method(SpaceEncryption + "kw-aes256"),
		"no key transport":      method(""),
		"OAEP with SHA-256":     replace(t, good, algSHA1, algSHA256),
		"OAEP parameters":       replace(t, good, "<ds:DigestMethod ", "<xenc:OAEPparams>AA==</xenc:OAEPparams><ds:DigestMethod "),
		"key size":              replace(t, good, `<xenc:EncryptionMethod Algorithm="`+algAES256GCM+`"/>`, `<xenc:EncryptionMethod Algorithm="`+algAES256GCM+`"><xenc:KeySize>128</xenc:KeySize></xenc:EncryptionMethod>`),
		"AES-128":               replace(t, good, algAES256GCM, "http://www.w3.org/2009/xmlenc11#aes128-gcm"),
		"CBC under Modern":      replace(t, good, algAES256GCM, algAES256CBC),
		"Triple DES":            replace(t, good, algAES256GCM, algTripleDES),
		"for somebody else":     replace(t, good, base64.StdEncoding.EncodeToString(to.Certificate.SubjectKeyId), "bm9ib2R5"),
		"for nobody":            cut(good, "<ds:KeyInfo><wsse:", "</ds:KeyInfo>"),
		"key without KeyInfo":   cut(good, "<ds:KeyInfo xmlns:ds", "</xenc:EncryptedKey></ds:KeyInfo>"),
		"two keys":              replace(t, good, "</xenc:EncryptedKey>", "</xenc:EncryptedKey><xenc:EncryptedKey></xenc:EncryptedKey>"),
		"key to fetch":          replace(t, good, "<xenc:EncryptedKey ", `<ds:RetrievalMethod URI="http://canary.example/"></ds:RetrievalMethod><xenc:EncryptedKey `),
		"content to fetch":      replace(t, good, "<xenc:CipherValue>"+content+"</xenc:CipherValue>", `<xenc:CipherReference URI="http://canary.example/"></xenc:CipherReference>`),
		"content that is empty": replace(t, good, content, ""),
		"content twice":         replace(t, good, "<xenc:CipherValue>"+content, "<xenc:CipherValue>AAAA</xenc:CipherValue><xenc:CipherValue>"+content),
		"properties":            replace(t, good, "</xenc:EncryptedData>", "<xenc:EncryptionProperties></xenc:EncryptionProperties></xenc:EncryptedData>"),
		"reference list":        replace(t, good, "</xenc:EncryptedKey>", `<xenc:ReferenceList><xenc:DataReference URI="#Assertion0"/></xenc:ReferenceList></xenc:EncryptedKey>`),
		"not base64":            replace(t, good, content, "?"+content[1:]),
		"base64 with a rest":    replace(t, good, content, content+"A"),
		"oversized":             replace(t, good, content, content+strings.Repeat("AAAA", 64<<10)),
		"deep":                  replace(t, good, "<xenc:CipherData>", strings.Repeat("<a>", 70)),
		"half":                  good[:len(good)/2],
	} {
		if plain, err := Decrypt([]byte(doc), us, Modern); !errors.Is(err, ErrRefused) || plain != nil {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
		if len(key.with) > 0 {
			t.Errorf("%s: the private key was used", name)
			key.with = nil
		}
	}
	for name, doc := range map[string]string{
		"as other writers indent": strings.ReplaceAll(good, "><", ">\n  <"),
		"base64 in lines":         replace(t, good, content, content[:64]+"\r\n"+content[64:]),
		"without digest method":   replace(t, good, `<ds:DigestMethod Algorithm="`+algSHA1+`"/>`, ""),
		"with recipient and id":   replace(t, good, "<xenc:EncryptedKey ", `<xenc:EncryptedKey Id="k" Recipient="fabrikam.example" `),
		"by thumbprint":           thumbprinted(t, good, to.Certificate),
		"with another default":    strings.NewReplacer("xenc:", "", "xmlns:xenc", "xmlns").Replace(good),
	} {
		if plain, err := Decrypt([]byte(doc), us, Modern); err != nil || string(plain) != assertion {
			t.Errorf("%s: %v: %s", name, err, doc)
		}
	}
}

func thumbprinted(t *testing.T, doc string, c *x509.Certificate) string {
	h := sha1.Sum(c.Raw)
	doc = replace(t, doc, valueSKI, valueThumbprint)
	return replace(t, doc, base64.StdEncoding.EncodeToString(c.SubjectKeyId), base64.StdEncoding.EncodeToString(h[:]))
}

// TestDecryptKeyRefuses: a proof key is the broker's word, so its form is as
// strict.
func TestDecryptKeyRefuses(t *testing.T) {
	_, to := certificate(t, 2, "fabrikam-current")
	secret := bytes.Repeat([]byte{7}, 32)
	x, err := EncryptKey(secret, to.Certificate, Modern)
	if err != nil {
		t.Fatal(err)
	}
	good := string(x)
	short, err := wrap(secret[:15], to.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	value := good[strings.Index(good, "<xenc:CipherValue>")+18 : strings.Index(good, "</xenc:CipherValue>")]
	for name, doc := range map[string]string{
		"empty": "", "comment": replace(t, good, "<xenc:CipherData>", "<!-- --><xenc:CipherData>"), "two": good + good,
		"RSA 1.5": replace(t, good, algOAEP, SpaceEncryption+"rsa-1_5"), "data": "<xenc:EncryptedData xmlns:xenc='" + SpaceEncryption + "'>" + good + "</xenc:EncryptedData>",
		"changed": replace(t, good, value, value[:8]+"AAAA"+value[12:]), "short": replace(t, good, value, base64.StdEncoding.EncodeToString(short)),
	} {
		if got, err := DecryptKey([]byte(doc), []Decrypter{to}, Legacy); !errors.Is(err, ErrRefused) || got != nil {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
	if _, err := DecryptKey(x, []Decrypter{to}, 0); !errors.Is(err, ErrRefused) {
		t.Errorf("no profile: %v", err)
	}
}

// TestEncryptRefuses holds that nothing is encrypted to whom could not open it.
func TestEncryptRefuses(t *testing.T) {
	_, to := certificate(t, 2, "fabrikam-current")
	bare := *to.Certificate
	bare.SubjectKeyId = nil
	small := *to.Certificate
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	small.PublicKey = k.Public()
	for name, f := range map[string]func() ([]byte, error){
		"no profile":         func() ([]byte, error) { return Encrypt([]byte("<a/>"), "a", to.Certificate, 0) },
		"no id":              func() ([]byte, error) { return Encrypt([]byte("<a/>"), "", to.Certificate, Modern) },
		"an id that is none": func() ([]byte, error) { return Encrypt([]byte("<a/>"), "a b", to.Certificate, Modern) },
		"no certificate":     func() ([]byte, error) { return Encrypt([]byte("<a/>"), "a", nil, Modern) },
		"no identifier":      func() ([]byte, error) { return Encrypt([]byte("<a/>"), "a", &bare, Modern) },
		"a small key":        func() ([]byte, error) { return Encrypt([]byte("<a/>"), "a", &small, Modern) },
		"a short secret":     func() ([]byte, error) { return EncryptKey(make([]byte, 15), to.Certificate, Modern) },
		"secret, no profile": func() ([]byte, error) { return EncryptKey(make([]byte, 32), to.Certificate, 0) },
		"secret, small key":  func() ([]byte, error) { return EncryptKey(make([]byte, 32), &small, Modern) },
	} {
		if out, err := f(); err == nil || out != nil {
			t.Errorf("%s: %s", name, out)
		}
	}
}
