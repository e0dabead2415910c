package server

import (
	"fmt"
	"reflect"
	"strings"
)

// ConfigDoc returns doc/config.md: every key of the configuration file with
// its type and what it means.
func ConfigDoc() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\n`entente serve --config entente.yaml`. Unknown keys are refused; `entente config check` says what is wrong.\n\n| key | type | meaning |\n|---|---|---|\n")
	walkConfig(reflect.TypeFor[Config](), "", true, func(key, kind, doc string, _ int) {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", key, kind, doc)
	})
	b.WriteString("\nA file to start from, as `entente config example` prints it:\n\n```yaml\n" + ConfigExample() + "```\n")
	return b.String()
}

// ConfigExample returns a commented configuration file with every key.
func ConfigExample() string {
	var b strings.Builder
	b.WriteString("# Entente configuration. Lines that start with #: show what may be set.\n")
	walkConfig(reflect.TypeFor[Config](), "", false, func(key, kind, doc string, depth int) {
		name := key[strings.LastIndex(key, ".")+1:]
		indent := strings.Repeat("  ", depth)
		fmt.Fprintf(&b, "%s# %s\n", indent, doc)
		switch value, ok := exampleValues[key]; {
		case ok:
			fmt.Fprintf(&b, "%s%s: %s\n", indent, name, value)
		case kind == "mapping":
			fmt.Fprintf(&b, "%s%s:\n", indent, name)
		default:
			fmt.Fprintf(&b, "%s#: %s: (%s)\n", indent, name, kind)
		}
	})
	return b.String()
}

// exampleValues are the keys a first configuration sets.
var exampleValues = map[string]string{
	"name":             "mail.contoso.example",
	"state":            "/var/lib/entente",
	"database":         "sqlite:entente.db",
	"listen.https":     `":443"`,
	"log.level":        "info",
	"tls.certificates": "[]",
}

// walkConfig visits every key. Those of mappings that need not be there, and of
// mappings in lists, are visited if deep.
func walkConfig(t reflect.Type, prefix string, deep bool, visit func(key, kind, doc string, depth int)) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		key := prefix + name
		kind, inner := kindOf(f.Type)
		visit(key, kind, f.Tag.Get("doc"), strings.Count(key, "."))
		if inner == nil || (kind != "mapping" && !deep) {
			continue
		}
		if f.Type.Kind() == reflect.Slice {
			key += "[]"
		}
		walkConfig(inner, key+".", deep, visit)
	}
}

func kindOf(t reflect.Type) (string, reflect.Type) {
	switch {
	case t.String() == "time.Duration":
		return "duration", nil
	case t == reflect.TypeFor[*bool]():
		return "true or false", nil
	case t.Kind() == reflect.Pointer:
		return "mapping, optional", t.Elem()
	case t.Kind() == reflect.Struct:
		return "mapping", t
	case t.Kind() == reflect.Slice:
		k, inner := kindOf(t.Elem())
		if k == "text" {
			return "list of texts", nil
		}
		return "list of " + k + "s", inner
	case t.Kind() == reflect.Bool:
		return "true or false", nil
	case t.Kind() == reflect.Int:
		return "number", nil
	}
	return "text", nil
}
