package kit

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// A Client asks the process by EWS over TLS, with as many connections as there
// are requests at once, kept alive.
type Client struct {
	HTTP *http.Client
	url  string
}

// callLimit is how long any answer may take; a server that says nothing for so
// long hangs.
const callLimit = 30 * time.Second

// Client returns a new client with connections of its own.
func (p *Process) Client() (*Client, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(p.CA)) {
		return nil, errors.New("the server's CA is no certificate")
	}
	return &Client{
		HTTP: &http.Client{
			Timeout: callLimit,
			Transport: &http.Transport{
				TLSClientConfig:     &tls.Config{RootCAs: roots, ServerName: Host},
				MaxIdleConnsPerHost: 256, IdleConnTimeout: callLimit,
			},
		},
		url: "https://" + p.Address + "/EWS/Exchange.asmx",
	}, nil
}

// Post sends an envelope as a person and returns the HTTP status and the body.
func (c *Client) Post(ctx context.Context, who, envelope string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(envelope))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.SetBasicAuth(who, Password)
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// Call is Post of a request that must succeed, wholly.
func (c *Client) Call(ctx context.Context, who, request string) (string, error) {
	status, body, err := c.Post(ctx, who, Envelope(request))
	if err != nil {
		return "", err
	}
	if code := Code(body); status != http.StatusOK || code != "NoError" {
		return "", &Refusal{Status: status, Code: code, Body: body}
	}
	return body, nil
}

// A Refusal is an answer that says no.
type Refusal struct {
	Status     int
	Code, Body string
}

func (r *Refusal) Error() string {
	const most = 400
	return fmt.Sprintf("HTTP %d, %s: %.*s", r.Status, r.Code, most, r.Body)
}

var responseCode = regexp.MustCompile(`ResponseCode[^>]*>([A-Za-z]+)<`)

// Code is the first response code of an answer that is not NoError, or
// NoError if that is all there is; a fault has one as well. "" if it has none.
func Code(body string) string {
	code := ""
	for _, m := range responseCode.FindAllStringSubmatch(body, -1) {
		if code = m[1]; code != "NoError" {
			break
		}
	}
	return code
}

// Values returns every value of an attribute in an answer. The answers are our
// own and have one form.
func Values(body, element, attribute string) []string {
	var all []string
	for _, part := range strings.Split(body, "<t:"+element+" ")[1:] {
		tag, _, _ := strings.Cut(part, ">")
		if _, v, ok := strings.Cut(tag, attribute+`="`); ok {
			v, _, _ = strings.Cut(v, `"`)
			all = append(all, v)
		}
	}
	return all
}

// Texts returns the text of every element of a name in an answer.
func Texts(body, element string) []string {
	var all []string
	for _, part := range strings.Split(body, "<"+element+">")[1:] {
		v, _, _ := strings.Cut(part, "<")
		all = append(all, v)
	}
	return all
}
