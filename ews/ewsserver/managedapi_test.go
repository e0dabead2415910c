package ewsserver

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"entente/calendar"
	"entente/federation/token"
)

// What the EWS Managed API 2.2.1 sends with TokenCredentials and, signed by the
// token's secret, with PartnerTokenCredentials: as captured, with a token of our
// own. Its signature is of the timestamp alone, by HMAC-SHA-1.
const (
	managedHead = `<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
  <soap:Header xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" xmlns:wsa="http://www.w3.org/2005/08/addressing">
    <t:RequestServerVersion Version="Exchange2013" />
    <t:TimeZoneContext>
      <t:TimeZoneDefinition Name="UTC" Id="UTC">
        <t:Periods>
          <t:Period Bias="P0DT0H0M0.0S" Name="Standard" Id="Std" />
        </t:Periods>
        <t:TransitionsGroups>
          <t:TransitionsGroup Id="0">
            <t:Transition>
              <t:To Kind="Period">Std</t:To>
            </t:Transition>
          </t:TransitionsGroup>
        </t:TransitionsGroups>
        <t:Transitions>
          <t:Transition>
            <t:To Kind="Group">0</t:To>
          </t:Transition>
        </t:Transitions>
      </t:TimeZoneDefinition>
    </t:TimeZoneContext><wsa:Action soap:mustUnderstand='1'>http://schemas.microsoft.com/exchange/services/2006/messages/GetUserAvailabilityRequest</wsa:Action><wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo><wsa:To soap:mustUnderstand='1'>URL</wsa:To><wsse:Security soap:mustUnderstand='1'>  `
	managedTail = `</wsse:Security></soap:Header>
  <soap:Body>
    <m:GetUserAvailabilityRequest>
      <m:MailboxDataArray>
        <t:MailboxData>
          <t:Email>
            <t:Address>ben@contoso.example</t:Address>
          </t:Email>
          <t:AttendeeType>Required</t:AttendeeType>
          <t:ExcludeConflicts>false</t:ExcludeConflicts>
        </t:MailboxData>
      </m:MailboxDataArray>
      <t:FreeBusyViewOptions>
        <t:TimeWindow>
          <t:StartTime>2026-03-02T00:00:00</t:StartTime>
          <t:EndTime>2026-03-03T00:00:00</t:EndTime>
        </t:TimeWindow>
        <t:MergedFreeBusyIntervalInMinutes>30</t:MergedFreeBusyIntervalInMinutes>
        <t:RequestedView>FreeBusy</t:RequestedView>
      </t:FreeBusyViewOptions>
    </m:GetUserAvailabilityRequest>
  </soap:Body>
</soap:Envelope>
`
	managedID  = "uuid-0305cdbf-34d5-4c4a-8fb7-f6d865edfef7-1"
	spaceWSU   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	spaceDsig  = "http://www.w3.org/2000/09/xmldsig#"
	managedRef = `<KeyInfo><wsse:SecurityTokenReference xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><wsse:Reference URI="#Assertion0" /></wsse:SecurityTokenReference></KeyInfo>`
)

// managedSecurity is the timestamp, the token and the signature as the library
// writes them; what is digested is canonical, and so spelled otherwise.
func managedSecurity(data string, secret []byte, at time.Time) string {
	created, expires := at.UTC().Format("2006-01-02T15:04:05Z"), at.Add(5*time.Minute).UTC().Format("2006-01-02T15:04:05Z")
	inside := `<wsu:Created>` + created + `</wsu:Created><wsu:Expires>` + expires + `</wsu:Expires></wsu:Timestamp>`
	digest := sha256.Sum256([]byte(`<wsu:Timestamp xmlns:wsu="` + spaceWSU + `" wsu:Id="` + managedID + `">` + inside))
	text := base64.StdEncoding.EncodeToString(digest[:])
	canonical := `<SignedInfo xmlns="` + spaceDsig + `"><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></CanonicalizationMethod>` +
		`<SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1"></SignatureMethod><Reference URI="#` + managedID + `"><Transforms>` +
		`<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod>` +
		`<DigestValue>` + text + `</DigestValue></Reference></SignedInfo>`
	mac := hmac.New(sha1.New, secret)
	mac.Write([]byte(canonical))
	return `<wsu:Timestamp wsu:Id="` + managedID + `">` + inside + data +
		`<Signature xmlns="` + spaceDsig + `"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#" />` +
		`<SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1" /><Reference URI="#` + managedID + `"><Transforms>` +
		`<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#" /></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256" />` +
		`<DigestValue>` + text + `</DigestValue></Reference></SignedInfo><SignatureValue>` + base64.StdEncoding.EncodeToString(mac.Sum(nil)) + `</SignatureValue>` + managedRef + `</Signature>`
}

// Microsoft's client library, unmodified, gets free/busy with a token of ours:
// over TLS, without a SOAPAction, waiting for 100 Continue, and in one of the two
// forms with a byte order mark before it all.
func TestManagedAPI(t *testing.T) {
	x := openAbroad(t)
	x.appoint("ben", &calendar.Event{Subject: "Budget", Start: march(2, 9, 0), End: march(2, 10, 30), Status: calendar.StatusBusy})
	server := httptest.NewTLSServer(x)
	defer server.Close()
	client := server.Client()
	client.Transport.(*http.Transport).ExpectContinueTimeout = 10 * time.Second

	send := func(path, body string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, strings.NewReader(body))
		x.must(err)
		r.Header.Set("Content-Type", "text/xml; charset=utf-8")
		r.Header.Set("Accept", "text/xml")
		r.Header.Set("Expect", "100-continue")
		r.Header.Set("User-Agent", "ExchangeServicesClient/2.2.1.0")
		resp, err := client.Do(r)
		x.must(err)
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		x.must(err)
		return resp, string(got)
	}
	bearer := x.fabrikam.Claims("fay", token.FreeBusy)
	holder := x.fabrikam.Claims("fay", token.FreeBusy)
	holder.Proof = x.fabrikam.Secret()
	head := strings.Replace(managedHead, "URL", host+"/EWS/Exchange.asmx/wssecurity", 1)
	partner := strings.Replace(managedHead, "URL", host+"/EWS/Exchange.asmx/wssecurity/symmetrickey", 1)
	signed := managedSecurity(string(x.fabrikam.SAML(holder)), holder.Proof, time.Now())

	for _, c := range []struct{ what, path, body string }{
		{"TokenCredentials", "/EWS/Exchange.asmx/wssecurity", head + string(x.fabrikam.SAML(bearer)) + managedTail},
		{"PartnerTokenCredentials", "/EWS/Exchange.asmx/wssecurity/symmetrickey", "\uFEFF" + partner + signed + managedTail},
	} {
		resp, body := send(c.path, c.body)
		if resp.StatusCode != http.StatusOK || !strings.Contains(body, "<t:BusyType>Busy</t:BusyType>") || strings.Contains(body, "Budget") {
			t.Errorf("%s: %d %s", c.what, resp.StatusCode, body)
		}
	}
	// Again, it is not the same request any more.
	if resp, body := send("/EWS/Exchange.asmx/wssecurity/symmetrickey", partner+signed+managedTail); resp.StatusCode != http.StatusInternalServerError || !strings.Contains(body, "InvalidSecurity") {
		t.Errorf("sent again: %d %s", resp.StatusCode, body)
	}
}
