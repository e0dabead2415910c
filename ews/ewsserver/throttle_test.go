package ewsserver

import (
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"entente/clientaccess"
	"entente/ews"
)

// busyAnswer is what clients read of a busy server: exchangelib and the EWS
// Managed API BackOffMilliseconds in MessageXml, at HTTP 500; others the header.
var busyAnswer = regexp.MustCompile(`<t:Value Name="BackOffMilliseconds">(\d+)</t:Value>`)

func TestServerBusy(t *testing.T) {
	h := open(t)
	h.door = clientaccess.New(func(c clientaccess.Config) clientaccess.Config { c.Concurrency = 2; return c }(h.door.Config))
	waits, goOn := make(chan struct{}), make(chan struct{})
	h.handler.operations["GetRoomLists"] = reads("GetRoomLists", func(*call, *ews.GetRoomLists) (*ews.GetRoomListsResponse, error) {
		waits <- struct{}{}
		<-goOn
		return &ews.GetRoomListsResponse{ResponseMessage: ews.Success()}, nil
	}).asks(nothing)
	h.guarded = h.door.Guard(clientaccess.EWS, h.handler)
	done := make(chan reply, 2)
	for range 2 {
		go func() { done <- h.post("anna", `<m:GetRoomLists/>`) }()
		<-waits
	}
	a := h.post("anna", `<m:GetRoomLists/>`)
	a.fault(ews.ErrorServerBusy)
	m := busyAnswer.FindStringSubmatch(a.body)
	if m == nil || m[1] == "0" {
		t.Fatalf("no honest back-off in %s", a.body)
	}
	ms, _ := strconv.Atoi(m[1])
	after, _ := strconv.Atoi(a.header.Get("Retry-After"))
	if d := time.Duration(ms) * time.Millisecond; after < 1 || time.Duration(after)*time.Second < d || time.Duration(after-1)*time.Second >= d {
		t.Errorf("BackOffMilliseconds %d, Retry-After %d", ms, after)
	}
	if got := a.header.Get(clientaccess.BudgetHeader); got != "concurrency=0/2, balance=300000/300000, subscriptions=20/20, streams=10/10" {
		t.Errorf("%s: %s", clientaccess.BudgetHeader, got)
	}
	if a.header.Get("Connection") != "" {
		t.Error("the connection is closed, and exchangelib would try again at once")
	}
	close(goOn)
	for range 2 {
		if a := <-done; a.status != http.StatusOK || a.header.Get(clientaccess.BudgetHeader) == "" {
			t.Errorf("status %d", a.status)
		}
	}
}
