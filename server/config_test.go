package server

import (
	"strings"
	"testing"
)

func TestReadConfig(t *testing.T) {
	test := func(text, want string) {
		t.Helper()
		_, err := ReadConfig(strings.NewReader(text))
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	const good = "name: mail.contoso.example\nstate: /var/lib/entente\n"
	test(good, "")
	test(good+"listen:\n  https: 127.0.0.1:0\n", "")
	test(good+"listen:\n  http: 127.0.0.1:80\n  trusted_proxies: [127.0.0.1, 10.0.0.0/8]\n", "")
	test(good+"database: postgres://db.contoso.example/entente\n", "")
	test(good+"limits:\n  shutdown_timeout: 5s\n", "")
	test("", "name:")
	test("name: mail.contoso.example\nstate: relative\n", "absolute")
	test(good+"nmae: x\n", "nmae")
	test(good+"name: twice.example\n", "name")
	test(good+"listen:\n  http: 127.0.0.1:80\n", "trusted_proxies")
	test(good+"listen:\n  trusted_proxies: [proxy.contoso.example]\n", "neither an address nor a network")
	test(good+"database: mysql://x\n", "postgres://")
	test(good+"admin:\n  metrics: 0.0.0.0:9090\n", "loopback")
	test(good+"log:\n  level: loud\n", "log.level")
	test(good+"tls:\n  acme:\n    email: a@contoso.example\n", "tls.acme.names")
	test(good+"limits:\n  request_timeout: 10ms\n", "request_timeout")
	const kerberos = good + "kerberos:\n  realm: CONTOSO.EXAMPLE\n  keytab: /etc/entente/http.keytab\n"
	test(kerberos, "")
	test(kerberos+"  account: svc-mail$\n  services: [HTTP/mail.contoso.example]\n", "")
	test(kerberos+"  realms: [{name: CONTOSO.EXAMPLE}, {name: LAB.EXAMPLE, pac: none, domain: lab.example, kdcs: [kdc.lab.example]}]\n", "")
	test(kerberos+"  realms: [{name: LAB.EXAMPLE, pac: none}]\n", "domain:")
	test(kerberos+"  realms: [{name: LAB.EXAMPLE, domain: lab.example}]\n", "found by SID")
	test(kerberos+"  realms: [{name: LAB.EXAMPLE, pac: maybe}]\n", "neither required nor none")
	test(kerberos+"  realms: [{name: LAB.EXAMPLE}, {name: lab.example}]\n", "twice")
	test(kerberos+"  services: [mail.contoso.example]\n", "service principal")
	test(kerberos+"  channel_bindings: always\n", "channel_bindings")
	test(kerberos+"  networks: [10.1.0.0]\n", "networks")
	test(good+"kerberos:\n  keytab: /k\n", "realm:")
	test(good+"kerberos:\n  realm: CONTOSO.EXAMPLE\n", "keytab:")
	test(strings.Repeat("# too long\n", 100_000), "larger than 1 MiB")
}

func FuzzReadConfig(f *testing.F) {
	f.Add("name: mail.contoso.example\nstate: /var/lib/entente\n")
	f.Add("listen: {trusted_proxies: [::1/128]}\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ReadConfig(strings.NewReader(text))
		if err != nil {
			return
		}
		if err := c.Check(); err != nil || c.Listen.HTTPS == "" || c.Admin.Socket == "" {
			t.Errorf("taken, and not in order: %+v: %v", c, err)
		}
	})
}
