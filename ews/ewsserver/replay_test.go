package ewsserver

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"entente/ews"
)

// TestRecordedRequests sends what real clients sent, in the order they did, to
// a mailbox of the same kind. Ids of that time lead nowhere, so folders and
// items may not be found; but no request is one that we do not understand, and
// what comes back is valid.
func TestRecordedRequests(t *testing.T) {
	shared := os.Getenv("ENTENTE_SHARED")
	if shared == "" {
		t.Skip("ENTENTE_SHARED names no directory with recorded messages")
	}
	h := open(t)
	h.mails()
	envelope := regexp.MustCompile(`(?s)<([A-Za-z0-9]+:)?Envelope.*</([A-Za-z0-9]+:)?Envelope>`)
	n := 0
	h.must(filepath.WalkDir(filepath.Join(shared, "wire", "clients"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		doc := envelope.Find(text)
		if err != nil || doc == nil || !strings.HasPrefix(string(text), "POST ") || strings.Contains(strings.ToLower(path), "autodiscover") {
			return err
		}
		n++
		h.recorded(t, filepath.Base(path), string(doc))
		return nil
	}))
	if n < 100 {
		t.Errorf("only %d requests found", n)
	}
}

// misunderstood are codes that say that a request was not understood, or that
// we failed: never right for what a real client sends.
var misunderstood = [...]ews.ResponseCode{
	ews.ErrorInternalServerError, ews.ErrorSchemaValidation, ews.ErrorInvalidRequest, ews.ErrorUnsupportedPathForQuery,
	ews.ErrorUnsupportedPathForSortGroup, ews.ErrorInvalidPropertyRequest, ews.ErrorInvalidExtendedProperty, ews.ErrorInvalidPropertySet,
	ews.ErrorInvalidRestriction, ews.ErrorUnsupportedQueryFilter, ews.ErrorInvalidValueForProperty,
}

func (h *house) recorded(t *testing.T, name, doc string) {
	t.Helper()
	// The people of that time are ours by other names.
	doc = regexp.MustCompile(`[a-z0-9]+@entente\.test`).ReplaceAllString(doc, address("anna"))
	doc = regexp.MustCompile(`(?s)<(\w+:)?ExchangeImpersonation>.*?</(\w+:)?ExchangeImpersonation>`).ReplaceAllString(doc, "")
	a := h.postRaw("anna", doc)
	if a.status != 200 && !strings.Contains(a.body, ">"+string(ews.ErrorInvalidOperation)+"<") {
		t.Errorf("%s: status %d: %s", name, a.status, faultText(a.body))
		return
	}
	for _, code := range misunderstood {
		if strings.Contains(a.body, "<m:ResponseCode>"+string(code)+"<") {
			t.Errorf("%s: %s: %s", name, code, faultText(a.body))
		}
	}
}

// faultText is the part of an answer that says what is wrong.
func faultText(body string) string {
	for _, mark := range []string{"<faultstring", "<m:MessageText>"} {
		if _, after, ok := strings.Cut(body, mark); ok {
			return after[:min(len(after), 300)]
		}
	}
	return body[:min(len(body), 300)]
}
