package server

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestConfigDoc holds doc/config.md against the program: entente config doc
// writes it anew.
func TestConfigDoc(t *testing.T) {
	have, err := os.ReadFile("../doc/config.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != ConfigDoc() {
		t.Error("doc/config.md is not current: go run ./cmd/entente config doc > doc/config.md")
	}
	walkConfig(reflect.TypeFor[Config](), "", true, func(key, _, doc string, _ int) {
		if key == "" || strings.HasSuffix(key, ".") || doc == "" {
			t.Errorf("%q is not documented", key)
		}
	})
}

// TestConfigExample reads the printed example back.
func TestConfigExample(t *testing.T) {
	c, err := ReadConfig(strings.NewReader(ConfigExample()))
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "mail.contoso.example" || c.Admin.Socket != "/var/lib/entente/admin.sock" {
		t.Errorf("read back: %+v", c)
	}
}
