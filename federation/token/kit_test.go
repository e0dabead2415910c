package token

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the vectors of test/kit/token anew")

// A vector is a token of one form in which one thing is as it says, and whether
// it is accepted. make is how ours came to be; others read the file.
type vector struct {
	name    string // of the file: the form, and the rule
	comment string
	accept  *Token // what it says; nil of one that is refused
	now     time.Time
	make    func(t testing.TB, k *keyring) string
}

func vectors() []vector { return slices.Concat(jwtVectors(), samlVectors()) }

// TestVectors makes every vector anew and opens it.
func TestVectors(t *testing.T) {
	k := keys(t)
	for _, v := range vectors() {
		t.Run(v.name, func(t *testing.T) { v.judge(t, k, v.make(t, k)) })
	}
}

// TestKit opens what is in the kit. Each vector of ours is there, and there may
// be others: what another implementation issued.
func TestKit(t *testing.T) {
	k := keys(t)
	if *update {
		for _, v := range vectors() {
			if err := os.WriteFile(filepath.Join(kit, v.name+".txt"), []byte(v.write(t, k)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(kit, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			v, token := readVector(t, name, string(text))
			v.judge(t, k, token)
		})
	}
	for _, v := range vectors() {
		if !slices.Contains(files, filepath.Join(kit, v.name+".txt")) {
			t.Errorf("%s is not in the kit: go test ./federation/token -run Kit -update", v.name)
		}
	}
}

// judge opens a token and compares.
func (v *vector) judge(t *testing.T, k *keyring, token string) {
	t.Helper()
	o := k.opener()
	var got *Token
	var err error
	if strings.HasPrefix(v.name, "jwt") {
		got, err = o.JWT(token, v.now)
	} else {
		got, err = o.SAML([]byte(token), v.now)
	}
	switch {
	case v.accept == nil && (got != nil || !errors.Is(err, ErrRefused)):
		t.Errorf("accepted, or refused in another way: %+v, %v", got, err)
	case v.accept != nil && err != nil:
		t.Errorf("refused: %v", err)
	case v.accept != nil && strings.Join(describe(got), "\n") != strings.Join(describe(v.accept), "\n"):
		t.Errorf("got\n%s\nwant\n%s", strings.Join(describe(got), "\n"), strings.Join(describe(v.accept), "\n"))
	}
}

// describe writes what a token says, a line each.
func describe(t *Token) []string {
	lines := []string{
		"id: " + t.ID, "issuer: " + t.Issuer, "audience: " + t.Audience, "requestor: " + t.Requestor,
		"app: " + string(t.App), "offer: " + string(t.Offer), "immutable: " + t.Subject.Immutable,
	}
	for _, m := range t.Subject.Mails {
		lines = append(lines, "mail: "+string(m))
	}
	for _, d := range t.Domains {
		lines = append(lines, "domain: "+string(d))
	}
	for _, when := range []struct {
		name string
		at   time.Time
	}{{"issued", t.Issued}, {"not-before", t.NotBefore}, {"not-after", t.NotAfter}} {
		lines = append(lines, when.name+": "+when.at.UTC().Format(time.RFC3339))
	}
	if t.Holder != "" {
		lines = append(lines, "holder: "+t.Holder)
	}
	if t.Proof != nil {
		lines = append(lines, fmt.Sprintf("proof: %x", t.Proof))
	}
	return lines
}

// write writes a vector's file.
func (v *vector) write(t testing.TB, k *keyring) string {
	var b strings.Builder
	fmt.Fprintf(&b, "comment: %s\nnow: %s\n", v.comment, v.now.Format(time.RFC3339))
	if v.accept == nil {
		b.WriteString("expect: refused\n")
	} else {
		b.WriteString("expect: accepted\n" + strings.Join(describe(v.accept), "\n") + "\n")
	}
	b.WriteString("\n" + v.make(t, k))
	return b.String()
}

// readVector reads what write writes.
func readVector(t *testing.T, name, text string) (v vector, token string) {
	t.Helper()
	head, token, ok := strings.Cut(text, "\n\n")
	v.name = name
	var said []string
	for line := range strings.SplitSeq(head, "\n") {
		key, value, colon := strings.Cut(line, ": ")
		ok = ok && colon
		switch key {
		case "comment":
			v.comment = value
		case "now":
			var err error
			v.now, err = time.Parse(time.RFC3339, value)
			ok = ok && err == nil
		case "expect":
			if ok = ok && (value == "accepted" || value == "refused"); value == "accepted" {
				v.accept = new(Token)
			}
		default:
			said = append(said, line)
		}
	}
	if v.accept != nil {
		v.accept = parseDescription(t, said)
	}
	if !ok || v.comment == "" || token == "" || v.now.IsZero() || v.accept == nil && len(said) > 0 {
		t.Fatalf("%s is no vector", name)
	}
	return v, token
}

// parseDescription reads what describe writes.
func parseDescription(t *testing.T, lines []string) *Token {
	t.Helper()
	token := new(Token)
	for _, line := range lines {
		key, value, _ := strings.Cut(line, ": ")
		if !token.set(key, value) {
			t.Fatalf("unknown line %q", line)
		}
	}
	return token
}
