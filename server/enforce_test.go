package server

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"

	"entente/clientaccess"
	"entente/publish"
)

// TestProtocolsOfPresets: every path that a rule may enforce policies on has a gate,
// and no other has.
func TestProtocolsOfPresets(t *testing.T) {
	for _, p := range []publish.Preset{publish.EWS, publish.ActiveSync, publish.Autodiscover, publish.Exchange} {
		r := publish.Rule{Preset: p}
		for _, path := range r.AllPaths() {
			if protocolOf(path) == unknownProtocol {
				t.Errorf("%s has no gate", path)
			}
		}
	}
	for _, path := range []string{"/", "/owa/", "/microsoft-server-activesync/other", "/ews", "/mapi/emsmdb"} {
		if got := protocolOf(path); got != unknownProtocol {
			t.Errorf("%s is %s", path, got)
		}
	}
}

// TestActiveSyncCommands is what a record calls a request.
func TestActiveSyncCommands(t *testing.T) {
	packed := func(b ...byte) string { return "/Microsoft-Server-ActiveSync?" + base64.StdEncoding.EncodeToString(b) }
	for _, test := range []struct{ method, url, want string }{
		{http.MethodPost, "/Microsoft-Server-ActiveSync?Cmd=Ping&User=anna&DeviceId=1&DeviceType=p", "Ping"},
		{http.MethodPost, "/microsoft-server-activesync?User=anna&Cmd=FolderSync", "FolderSync"},
		{http.MethodPost, packed(145, 18, 9, 4, 0), "Ping"},
		{http.MethodPost, packed(145, 0, 9, 4, 0), "Sync"},
		{http.MethodPost, packed(145, 7, 9, 4, 0), "POST"},
		{http.MethodPost, packed(145, 255), "POST"},
		{http.MethodPost, "/Microsoft-Server-ActiveSync?Cmd=a%0Ab", "POST"},
		{http.MethodPost, "/Microsoft-Server-ActiveSync", "POST"},
		{http.MethodOptions, "/Microsoft-Server-ActiveSync", "OPTIONS"},
		{http.MethodPost, "/Autodiscover/Autodiscover.xml?Cmd=Ping", "POST"},
	} {
		if got := commandOf(httptest.NewRequest(test.method, test.url, nil)); got != test.want {
			t.Errorf("%s %s: %s, want %s", test.method, test.url, got, test.want)
		}
	}
	if protocolOf("/Microsoft-Server-ActiveSync/default.eas") != clientaccess.ActiveSync {
		t.Error("default.eas")
	}
}
