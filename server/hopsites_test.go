package server

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"entente/admin"
	"entente/audit"
)

// autodiscover asks a node for the places of somebody's mailbox: what POX says for
// clients inside and outside, then what SOAP says.
func (c *cluster) autodiscover(node, who string) (places []string) {
	c.Helper()
	r := c.nodes[node]
	ask := func(path, body string) string {
		q := must(http.NewRequestWithContext(c.Context(), http.MethodPost, r.url+path, strings.NewReader(body)))
		q.Header.Set("Content-Type", "text/xml; charset=utf-8")
		q.SetBasicAuth(who+"@contoso.example", aPassword)
		w := must(r.client.Do(q))
		defer w.Body.Close()
		return string(must(io.ReadAll(w.Body)))
	}
	first := func(pattern, text string) string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if m == nil {
			c.Fatalf("no %s in %s", pattern, text)
		}
		return m[1]
	}
	pox := ask("/autodiscover/autodiscover.xml", `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>`+who+`@contoso.example</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`)
	soap := ask("/autodiscover/autodiscover.svc", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:a="http://schemas.microsoft.com/exchange/2010/Autodiscover"><s:Body><a:GetUserSettingsRequestMessage><a:Request><a:Users><a:User><a:Mailbox>`+who+`@contoso.example</a:Mailbox></a:User></a:Users><a:RequestedSettings><a:Setting>InternalEwsUrl</a:Setting><a:Setting>ExternalEwsUrl</a:Setting></a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage></s:Body></s:Envelope>`)
	return []string{
		first(`(?s)<Type>EXCH</Type>.*?<EwsUrl>([^<]*)<`, pox), first(`(?s)<Type>EXPR</Type>.*?<EwsUrl>([^<]*)<`, pox),
		first(`(?s)<Name>InternalEwsUrl</Name><Value>([^<]*)<`, soap), first(`(?s)<Name>ExternalEwsUrl</Name><Value>([^<]*)<`, soap),
	}
}

// A site that is not published is reached through one that is: whoever is asked,
// people of the one inside are told the published address, and what comes there
// about their mailboxes goes on by the address at which their node is inside.
func TestSites(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.person("anna", "a")
	c.person("ben", "b")
	const outside, bergen = "https://mail.contoso.example/EWS/Exchange.asmx", "https://bergen.contoso.example/EWS/Exchange.asmx"
	api := c.api(c.nodes["a"])
	for name, site := range map[string]string{"a.contoso.example": "Oslo", "b.contoso.example": "Bergen"} {
		must(api.SetServer(t.Context(), admin.SetServer{Name: name, Site: site}))
	}
	at := func(node, in, out string) {
		t.Helper()
		must(api.SetVirtualDirectory(t.Context(), admin.SetVirtualDirectory{
			VirtualDirectoryName: admin.VirtualDirectoryName{Protocol: "ews", Server: node + ".contoso.example"}, InternalURL: in, ExternalURL: out,
		}))
	}
	at("a", "", outside)
	at("b", bergen, "")
	c.live()
	for _, node := range []string{"a", "b"} { // inside, either may be asked
		if got := c.autodiscover(node, "ben"); !slices.Equal(got, []string{bergen, outside, bergen, outside}) {
			t.Errorf("at %s: %q", node, got)
		}
	}
	if got := c.autodiscover("b", "anna"); got[1] != outside || got[3] != outside {
		t.Errorf("anna, at b: %q", got)
	}

	// JSON is asked by nobody in particular, under the name that is published.
	q := must(http.NewRequestWithContext(t.Context(), http.MethodGet, c.nodes["a"].url+"/autodiscover/autodiscover.json/v1.0/ben@contoso.example?Protocol=EWS", http.NoBody))
	q.Host = "mail.contoso.example"
	w := must(c.nodes["a"].client.Do(q))
	defer w.Body.Close()
	if body := string(must(io.ReadAll(w.Body))); !strings.Contains(body, `"Url":"`+outside+`"`) {
		t.Errorf("JSON: %d %s", w.StatusCode, body)
	}

	// Nothing but its own row says where the node inside is: its name is in no DNS.
	nodes := must(c.nodes["a"].Directory.Nodes(t.Context()))
	for i := range nodes {
		if u := must(url.Parse(nodes[i].URL)); u.Hostname() != "127.0.0.1" || u.Port() == "" {
			t.Errorf("%s is at %s", nodes[i].ID, nodes[i].URL)
		}
	}
	r := c.ask("a", "ben", "", createMessage("anna", "From Bergen", "SendAndSaveCopy"))
	if r.code() != "NoError" {
		t.Fatal(r.body)
	}
	c.await("a", "anna", findIn(""), "From Bergen")
	records := must(c.nodes["b"].Audit.Search(t.Context(), audit.Filter{Request: r.header.Get("request-id")}))
	if !slices.ContainsFunc(records, func(x audit.Record) bool {
		return x.Node == "b.contoso.example" && x.Mailbox != "" && x.By.UPN == "ben@contoso.example"
	}) {
		t.Errorf("%+v", records)
	}

	// A site with a published server of its own sends nobody elsewhere.
	at("b", "", "https://west.contoso.example/EWS/Exchange.asmx")
	c.live()
	if got := c.autodiscover("a", "ben"); got[1] != "https://west.contoso.example/EWS/Exchange.asmx" {
		t.Errorf("%q", got)
	}
}
