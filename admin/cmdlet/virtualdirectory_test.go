package cmdlet

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"entente/access"
	"entente/admin"
	"entente/audit"
	"entente/clientaccess"
	"entente/db/dbtest"
	"entente/directory"
)

// TestVirtualDirectories holds the cmdlets for virtual directories by what they
// have set.
func TestVirtualDirectories(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	d := dbtest.SQLite(t)
	must(d.Migrate(t.Context(), audit.Schema()))
	dir, err := directory.Open(t.Context(), directory.Config{DB: d, Organization: "Contoso"})
	must(err)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(err)
	log, err := audit.Open(t.Context(), audit.Config{DB: d, Node: "n1", Signer: key, Now: time.Now})
	must(err)
	t.Cleanup(log.Close)
	door := clientaccess.New(clientaccess.Config{Server: "ex1.contoso.example", Directory: dir, Now: time.Now})
	s := server{admin.New(admin.Config{Directory: dir, Audit: records{log: log}, Door: door, Now: time.Now}).
		As(admin.Administrator{Principal: access.Principal{UPN: "root@localhost"}, Method: access.Local})}

	run := func(line string) string {
		t.Helper()
		a, err := Run(t.Context(), s, strings.Split(line, "|"))
		if err != nil {
			return "error: " + err.Error()
		}
		text, err := json.Marshal(a)
		must(err)
		return string(text)
	}
	test := func(line, protocol, want string) {
		t.Helper()
		said := run(line)
		v := dir.VirtualDirectory("ex1.contoso.example", protocol)
		if got := fmt.Sprintf("%v,%v,%v,%v %s", v.Basic, v.Negotiate, v.Certificate, v.Bearer, v.InternalURL+v.ExternalURL); said != "null" || got != want {
			t.Errorf("%s: %s %s, want %s", line, said, got, want)
		}
	}
	const ews = `ex1.contoso.example\EWS (Default Web Site)`
	test(`Set-WebServicesVirtualDirectory|`+ews+`|-BasicAuthentication|$false|-ExternalUrl|https://mail.contoso.example/EWS/Exchange.asmx`, "ews", "off,,, https://mail.contoso.example/EWS/Exchange.asmx")
	test(`Set-WebServicesVirtualDirectory|-Identity|ex1.contoso.example|-WindowsAuthentication|$true|-CertificateAuthentication|$false`, "ews", "off,on,off, https://mail.contoso.example/EWS/Exchange.asmx")
	test(`Set-WebServicesVirtualDirectory|`+ews+`|-ExternalUrl|$null|-OAuthAuthentication|$false|-BasicAuthentication|$true`, "ews", "on,on,off,off ")
	test(`Set-AutodiscoverVirtualDirectory|ex1.contoso.example\Autodiscover|-BasicAuthentication|$false`, "autodiscover", "off,,, ")
	test(`Set-ActiveSyncVirtualDirectory|ex1.contoso.example\Microsoft-Server-ActiveSync (Default Web Site)|-ClientCertAuth|Required`, "activesync", "off,off,on,off ")
	test(`Set-ActiveSyncVirtualDirectory|ex1.contoso.example|-ClientCertAuth|Ignore|-BasicAuthEnabled|$true`, "activesync", "on,off,off,off ")

	says := func(line, want string) {
		t.Helper()
		if got := run(line); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	says("Get-WebServicesVirtualDirectory", `"Identity":"ex1.contoso.example\\EWS (Default Web Site)","Server":"ex1.contoso.example","Site":"","BasicAuthentication":"True","WindowsAuthentication":"True","CertificateAuthentication":"False","OAuthAuthentication":"False"`)
	says("Get-ActiveSyncVirtualDirectory|-Server|ex1.contoso.example", `"WindowsAuthentication":"False"`)
	says("Get-WebServicesVirtualDirectory|ex9.contoso.example", "couldn't be found")
	says(`Set-WebServicesVirtualDirectory|ex1.contoso.example\owa|-BasicAuthentication|$false`, "couldn't be found")
	says(`Set-WebServicesVirtualDirectory|`+ews+`|-DigestAuthentication|$true`, "no Digest")
	says(`Set-WebServicesVirtualDirectory|`+ews+`|-InternalUrl|http://ex1.contoso.example`, "not an https URL")
	says(`Set-ActiveSyncVirtualDirectory|ex1.contoso.example|-ClientCertAuth|Required|-BasicAuthEnabled|$true`, "cannot be required")
}
