package enctype

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNFold is RFC 3961 A.1.
func TestNFold(t *testing.T) {
	for _, c := range []struct {
		size       int
		text, fold string
	}{
		{8, "012345", "be072631276b1955"},
		{7, "password", "78a07b6caf85fa"},
		{8, "Rough Consensus, and Running Code", "bb6ed30870b7f0e0"},
		{21, "password", "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e"},
		{24, "MASSACHVSETTS INSTITVTE OF TECHNOLOGY", "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b"},
		{21, "Q", "518a54a215a8452a518a54a215a8452a518a54a215"},
		{21, "ba", "fb25d531ae8974499f52fd92ea9857c4ba24cf297e"},
		{16, "kerberos", "6b65726265726f737b9b5b2b93132b93"},
	} {
		out := make([]byte, c.size)
		nfold(out, []byte(c.text))
		if got := hex.EncodeToString(out); got != c.fold {
			t.Errorf("%d-fold(%q) = %s, want %s", c.size*8, c.text, got, c.fold)
		}
	}
}

// TestStealing is RFC 3962 B: CBC with ciphertext stealing.
func TestStealing(t *testing.T) {
	const text = "I would like the General Gau's Chicken, please, and wonton soup."
	k, err := New(AES128SHA1, []byte("chicken teriyaki"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		size   int
		cipher string
	}{
		{17, "c6353568f2bf8cb4d8a580362da7ff7f97"},
		{31, "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5"},
		{32, "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"},
		{47, "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5"},
		{48, "97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd839312523a78662d5be7fcbcc98ebf5a8"},
		{64, "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a84807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8"},
	} {
		b := []byte(text[:c.size])
		block := plainBlock(t, k)
		encryptCTS(block, b)
		if got := hex.EncodeToString(b); got != c.cipher {
			t.Errorf("%d bytes: %s, want %s", c.size, got, c.cipher)
		}
		decryptCTS(block, b)
		if string(b) != text[:c.size] {
			t.Errorf("%d bytes decrypt to %q", c.size, b)
		}
	}
}

// TestSHA2 is RFC 8009 A: encryption with the confounders given, and checksums.
func TestSHA2(t *testing.T) {
	const text = "000102030405060708090a0b0c0d0e0f1011121314"
	k19, k20 := "3705d96080c17728a0e800eab6e0d23c", "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52"
	for _, c := range []struct {
		etype                          Etype
		key, plain, confounder, cipher string
	}{
		{AES128SHA256, k19, "", "7e5895eaf2672435bad817f545a37148", "ef85fb890bb8472f4dab20394dca781dad877eda39d50c870c0d5a0a8e48c718"},
		{AES128SHA256, k19, text[:12], "7bca285e2fd4130fb55b1a5c83bc5b24", "84d7f30754ed987bab0bf3506beb09cfb55402cef7e6877ce99e247e52d16ed4421dfdf8976c"},
		{AES128SHA256, k19, text[:32], "56ab21713ff62c0a1457200f6fa9948f", "3517d640f50ddc8ad3628722b3569d2ae07493fa8263254080ea65c1008e8fc295fb4852e7d83e1e7c48c37eebe6b0d3"},
		{AES128SHA256, k19, text, "a7a4e29a4728ce10664fb64e49ad3fac", "720f73b18d9859cd6ccb4346115cd336c70f58edc0c4437c5573544c31c813bce1e6d072c186b39a413c2f92ca9b8334a287ffcbfc"},
		{AES256SHA384, k20, "", "f764e9fa15c276478b2c7d0c4e5f58e4", "41f53fa5bfe7026d91faf9be959195a058707273a96a40f0a01960621ac612748b9bbfbe7eb4ce3c"},
		{AES256SHA384, k20, text[:12], "b80d3251c1f6471494256ffe712d0b9a", "4ed7b37c2bcac8f74f23c1cf07e62bc7b75fb3f637b9f559c7f664f69eab7b6092237526ea0d1f61cb20d69d10f2"},
		{AES256SHA384, k20, text[:32], "53bf8a0d105265d4e276428624ce5e63", "bc47ffec7998eb91e8115cf8d19dac4bbbe2e163e87dd37f49beca92027764f68cf51f14d798c2273f35df574d1f932e40c4ff255b36a266"},
		{AES256SHA384, k20, text, "763e65367e864f02f55153c7e3b58af1", "40013e2df58e8751957d2878bcd2d6fe101ccfd556cb1eae79db3c3ee86429f2b2a602ac86fef6ecb647d6295fae077a1feb517508d2c16b4192e01f62"},
	} {
		k, err := New(c.etype, unhex(t, c.key))
		if err != nil {
			t.Fatal(err)
		}
		if got := k.encrypt(nil, 2, unhex(t, c.confounder), unhex(t, c.plain)); hex.EncodeToString(got) != c.cipher {
			t.Errorf("%v of %q: %x, want %s", c.etype, c.plain, got, c.cipher)
		}
		if got, err := k.Decrypt(nil, 2, unhex(t, c.cipher)); err != nil || hex.EncodeToString(got) != c.plain {
			t.Errorf("%v: %x, %v, want %s", c.etype, got, err, c.plain)
		}
	}
	for _, c := range []struct {
		etype    Etype
		key, sum string
	}{
		{AES128SHA256, k19, "d78367186643d67b411cba9139fc1dee"},
		{AES256SHA384, k20, "45ee791567eefca37f4ac1e0222de80d43c3bfa06699672a"},
	} {
		k, _ := New(c.etype, unhex(t, c.key))
		if got := k.Checksum(nil, 2, unhex(t, text)); hex.EncodeToString(got) != c.sum {
			t.Errorf("%v: checksum %x, want %s", c.etype, got, c.sum)
		}
	}
}

func keys(t testing.TB) []*Key {
	t.Helper()
	var all []*Key
	for _, e := range []Etype{AES128SHA1, AES256SHA1, AES128SHA256, AES256SHA384} {
		k, err := Generate(e)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, k)
	}
	k, err := NewRC4([]byte("sixteen bytes ok"))
	if err != nil {
		t.Fatal(err)
	}
	return append(all, k)
}

// TestEncryption: what is encrypted decrypts, for its use and with its key
// alone, and every changed bit is seen.
func TestEncryption(t *testing.T) {
	all := keys(t)
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(all).Draw(t, "key")
		plain := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "plain")
		usage := rapid.Uint32Range(1, 40).Draw(t, "usage")
		m := k.Encrypt([]byte("before"), usage, plain)
		if !bytes.HasPrefix(m, []byte("before")) || len(m) != 6+len(plain)+k.conf+k.mac {
			t.Fatalf("%v: %d bytes of %d", k.Etype(), len(m), len(plain))
		}
		m = m[6:]
		if got, err := k.Decrypt([]byte("dst"), usage, m); err != nil || string(got) != "dst"+string(plain) {
			t.Fatalf("%v: %x, %v", k.Etype(), got, err)
		}
		for _, bad := range []struct {
			why   string
			key   *Key
			usage uint32
			m     []byte
		}{
			{"another use", k, usage + 100, m},
			{"another key", rapid.SampledFrom(others(all, k)).Draw(t, "other"), usage, m},
			{"cut at the end", k, usage, m[:len(m)-1]},
			{"cut at the beginning", k, usage, m[1:]},
			{"one bit", k, usage, flip(m, rapid.IntRange(0, len(m)*8-1).Draw(t, "bit"))},
			{"something behind", k, usage, append(m[:len(m):len(m)], 0)},
			{"nothing", k, usage, nil},
		} {
			if _, err := bad.key.Decrypt(nil, bad.usage, bad.m); !errors.Is(err, ErrIntegrity) {
				t.Errorf("%v, %s: %v", k.Etype(), bad.why, err)
			}
		}
		sum := k.Checksum(nil, usage, plain)
		if half := len(plain) / 2; !k.Verify(sum, usage, plain[:half], plain[half:]) {
			t.Errorf("%v: the checksum does not verify", k.Etype())
		}
		if k.Verify(sum[:len(sum)-1], usage, plain) || k.Verify(sum, usage+100, plain) || k.Verify(sum, usage, append(plain, 1)) || k.Verify(nil, usage, plain) {
			t.Errorf("%v: a wrong checksum verifies", k.Etype())
		}
	})
}

func others(all []*Key, k *Key) []*Key {
	var o []*Key
	for _, a := range all {
		if a != k {
			o = append(o, a)
		}
	}
	return o
}

func flip(m []byte, bit int) []byte {
	m = bytes.Clone(m)
	m[bit/8] ^= 1 << (bit % 8)
	return m
}

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		why   string
		etype Etype
		size  int
		err   error
	}{
		{"AES", AES256SHA1, 32, nil},
		{"short", AES256SHA1, 16, ErrKeySize},
		{"long", AES128SHA256, 32, ErrKeySize},
		{"empty", AES128SHA1, 0, ErrKeySize},
		{"DES", 3, 8, ErrUnknown},
		{"triple DES", 16, 24, ErrUnknown},
		{"RC4, of which nobody spoke", RC4HMAC, 16, ErrWeak},
		{"RC4 for export", 24, 16, ErrUnknown},
		{"none", 0, 0, ErrUnknown},
		{"negative", -128, 16, ErrUnknown},
	} {
		if _, err := New(c.etype, make([]byte, c.size)); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.why, err, c.err)
		}
	}
	k := keys(t)[0]
	if s := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); s != "[hidden] [hidden] [hidden] [hidden]" {
		t.Errorf("a key shows as %s", s)
	}
}

// TestConcurrentUse: many may use one key, and each derivation is the same.
func TestConcurrentUse(t *testing.T) {
	for _, k := range keys(t) {
		want := k.Checksum(nil, 7, []byte("text"))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for u := range uint32(20) {
					m := k.Encrypt(nil, u, []byte("text"))
					if p, err := k.Decrypt(nil, u, m); err != nil || string(p) != "text" {
						t.Errorf("%v: %q, %v", k.Etype(), p, err)
					}
					if !bytes.Equal(k.Checksum(nil, 7, []byte("text")), want) {
						t.Errorf("%v: another checksum", k.Etype())
					}
				}
			})
		}
		wg.Wait()
	}
}

func FuzzDecrypt(f *testing.F) {
	all := keys(f)
	for i, k := range all {
		f.Add(i, k.Encrypt(nil, 2, []byte("a message")))
	}
	f.Add(0, []byte{})
	f.Fuzz(func(t *testing.T, i int, m []byte) {
		k := all[uint(i)%uint(len(all))]
		if p, err := k.Decrypt(nil, 3, m); err == nil {
			t.Fatalf("%x opens to %x", m, p)
		}
	})
}

func BenchmarkDecrypt(b *testing.B) {
	for _, k := range keys(b) {
		m := k.Encrypt(nil, 2, make([]byte, 1200))
		dst := make([]byte, 0, 2048)
		b.Run(k.Etype().String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Decrypt(dst, 2, m); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(k.Etype().String()+"/new", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n, _ := newKey(k.Etype(), k.Bytes())
				if _, err := n.Decrypt(dst, 2, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func plainBlock(t *testing.T, k *Key) cipher.Block {
	t.Helper()
	b, err := aes.NewCipher(k.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return b
}
