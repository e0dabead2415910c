package ews

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"entente/strictxml"
)

func ptr[T any](v T) *T { return &v }

// newResponse makes an empty answer by its element.
func newResponse(element string) Response {
	for _, r := range responseTypes() {
		if r.Element() == element {
			return r
		}
	}
	return nil
}

func responseTypes() []Response {
	return []Response{
		new(GetItemResponse), new(FindItemResponse), new(CreateItemResponse), new(UpdateItemResponse),
		new(DeleteItemResponse), new(MoveItemResponse), new(CopyItemResponse), new(SendItemResponse),
		new(GetFolderResponse), new(FindFolderResponse), new(CreateFolderResponse), new(UpdateFolderResponse),
		new(DeleteFolderResponse), new(MoveFolderResponse), new(CopyFolderResponse), new(EmptyFolderResponse),
		new(SyncFolderHierarchyResponse), new(SyncFolderItemsResponse), new(MarkAllItemsAsReadResponse),
		new(CreateAttachmentResponse), new(GetAttachmentResponse), new(DeleteAttachmentResponse),
		new(GetSharingMetadataResponse), new(GetSharingFolderResponse), new(RefreshSharingFolderResponse), new(ConvertIDResponse), new(ResolveNamesResponse), new(ExpandDLResponse), new(GetServerTimeZonesResponse),
		new(GetUserAvailabilityResponse), new(GetUserOofSettingsResponse), new(SetUserOofSettingsResponse),
		new(GetUserConfigurationResponse), new(CreateUserConfigurationResponse),
		new(UpdateUserConfigurationResponse), new(DeleteUserConfigurationResponse),
		new(GetRoomListsResponse), new(GetRoomsResponse), new(GetDelegateResponse),
		new(AddDelegateResponse), new(UpdateDelegateResponse), new(RemoveDelegateResponse),
		new(SubscribeResponse), new(UnsubscribeResponse), new(GetEventsResponse), new(GetStreamingEventsResponse),
	}
}

// Every operation has an answer, whose element is the request's with Response
// in place of a final Request.
func TestResponsesComplete(t *testing.T) {
	for _, op := range Operations() {
		if op.Supported() && newResponse(op.Name+"Response") == nil {
			t.Errorf("%s has no answer", op.Name)
		}
	}
}

func encodeResponse(resp Response) []byte {
	e := strictxml.NewEncoder(nil)
	AppendResponse(e, resp)
	return e.Bytes()
}

// Answers are written as Exchange writes them, to the last character, and read
// back the same.
func TestResponses(t *testing.T) {
	for _, c := range responses() {
		want := betweenTags.ReplaceAllString(strings.TrimSpace(c.text), "><")
		doc := encodeResponse(c.value)
		if got := string(doc); got != want {
			t.Errorf("%s\n got %s\nwant %s", c.value.Element(), got, want)
			continue
		}
		r := strictxml.NewReader(declare(doc), wide)
		if !r.Root() {
			t.Error(r.Err())
			continue
		}
		back := newResponse(c.value.Element())
		if err := DecodeResponse(r, back); err != nil || !reflect.DeepEqual(back, c.value) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", want, err, back, c.value)
		}
	}
}

// An answer to something else is refused.
func TestDecodeResponseOfAnother(t *testing.T) {
	r := strictxml.NewReader(declare([]byte(`<m:GetItemResponse/>`)), wide)
	if err := DecodeResponse(r, new(FindItemResponse)); !r.Root() || err == nil {
		t.Error("taken")
	}
}

// Requests and answers are valid by the published schema.
// asPublished writes a document as the published schema has it where we differ
// from it on purpose: the ids in ErrorSubscriptionIds are in the namespace of
// messages, since that is where Exchange's own clients read them. See
// doc/divergences.md.
func asPublished(doc []byte) []byte {
	from, to, ok := bytes.Cut(doc, []byte("<m:ErrorSubscriptionIds>"))
	if !ok {
		return doc
	}
	ids, rest, _ := bytes.Cut(to, []byte("</m:ErrorSubscriptionIds>"))
	ids = bytes.ReplaceAll(ids, []byte("m:SubscriptionId>"), []byte("t:SubscriptionId>"))
	return slices.Concat(from, []byte("<m:ErrorSubscriptionIds>"), ids, []byte("</m:ErrorSubscriptionIds>"), asPublished(rest))
}

func TestPublishedSchema(t *testing.T) {
	schema := shared(t, "schemas/ews-lint-all.xsd")
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	args := []string{"--nonet", "--noout", "--schema", schema}
	add := func(name string, doc []byte) {
		path := filepath.Join(dir, name+".xml")
		if err := os.WriteFile(path, asPublished(declare(doc)), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	for name, texts := range requests() {
		for i, s := range texts {
			add(name+string(rune('a'+i)), []byte(strings.TrimSpace(s)))
		}
	}
	for i, c := range responses() {
		add(c.value.Element()+string(rune('a'+i%26))+string(rune('a'+i/26)), encodeResponse(c.value))
	}
	if out, err := exec.CommandContext(t.Context(), lint, args...).CombinedOutput(); err != nil {
		for line := range bytes.Lines(out) {
			if !bytes.HasSuffix(bytes.TrimSpace(line), []byte(" validates")) {
				t.Errorf("%s", line)
			}
		}
	}
}

// Answers recorded from real servers are read, those of operations we have.
func TestReplayAnswers(t *testing.T) {
	envelope := regexp.MustCompile(`(?s)<([A-Za-z0-9]+:)?Envelope.*?</([A-Za-z0-9]+:)?Envelope>`)
	answers, others := 0, map[string]int{}
	err := filepath.WalkDir(shared(t, "wire/exchange-traces"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, doc := range envelope.FindAll(text, -1) {
			r, err := toBody(doc)
			if err != nil || r == nil || !strings.HasSuffix(r.Name().Local, "Response") {
				continue // TestReplay reads requests
			}
			resp := newResponse(r.Name().Local)
			if resp == nil {
				others[r.Name().Local]++
				continue
			}
			answers++
			if err := DecodeResponse(r, resp); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		return nil
	})
	t.Logf("%d answers; of other operations: %v", answers, others)
	if err != nil || answers < 20 {
		t.Error(answers, err)
	}
}

func week(hour int) time.Time { return time.Date(2026, 11, 23, hour, 0, 0, 0, time.UTC) }

// availability is an answer about people with events each.
func availability(people, events int, view FreeBusyViewType) *GetUserAvailabilityResponse {
	resp := new(GetUserAvailabilityResponse)
	for range people {
		success := Success()
		v := &FreeBusyView{FreeBusyViewType: view, MergedFreeBusy: strings.Repeat("0220", 168)} // two weeks of half hours
		for i := range events {
			v.CalendarEventArray = append(v.CalendarEventArray, CalendarEvent{
				StartTime: week(8 * i), EndTime: week(8*i + 1), BusyType: LegacyBusy,
				CalendarEventDetails: &CalendarEventDetails{Subject: "Planning of the week", Location: "Room 4", IsMeeting: true},
			})
		}
		resp.FreeBusyResponses = append(resp.FreeBusyResponses, FreeBusyResponse{ResponseMessage: &success, FreeBusyView: v})
	}
	return resp
}

func BenchmarkAvailability(b *testing.B) {
	run := func(name string, resp Response) {
		b.Run(name, func(b *testing.B) {
			e := strictxml.NewEncoder(nil)
			b.ReportAllocs()
			for b.Loop() {
				e.Reset(e.Bytes()[:0])
				AppendResponse(e, resp)
			}
			b.SetBytes(int64(e.Len()))
		})
	}
	run("merged-100", availability(100, 0, ViewMergedOnly))
	run("detailed-100x40", availability(100, 40, ViewDetailedMerged))
}

func BenchmarkSyncFolderItems(b *testing.B) {
	m := SyncFolderItemsResponseMessage{ResponseMessage: Success(), SyncState: "x", IncludesLastItemInRange: ptr(true)}
	for i := range 512 {
		id := StoreID{Mailbox: boxA, Folder: 7, Item: uint64(i + 1)}
		it := Item{Kind: KindMessage}
		it.Add(FieldItemId, &ItemID{ID: id.String(), ChangeKey: ChangeKey{boxA, uint64(i)}.String()})
		m.Changes = append(m.Changes, SyncFolderItemsChange{Create: &SyncFolderItemsCreateOrUpdate{it}})
	}
	resp := &SyncFolderItemsResponse{ResponseMessages: []SyncFolderItemsResponseMessage{m}}
	e := strictxml.NewEncoder(nil)
	b.ReportAllocs()
	for b.Loop() {
		e.Reset(e.Bytes()[:0])
		AppendResponse(e, resp)
	}
	b.SetBytes(int64(e.Len()))
}

func BenchmarkDecodeRequest(b *testing.B) {
	for _, name := range []string{"GetItem", "FindItem", "GetUserAvailabilityRequest"} {
		texts := requests()[name]
		doc := []byte(styles(betweenTags.ReplaceAllString(strings.TrimSpace(texts[len(texts)-1]), "><"))["t: and m:"])
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				r := strictxml.NewReader(doc, testLimits)
				r.Root()
				if _, err := DecodeRequest(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What can be read can be written, and then reads the same.
func FuzzResponse(f *testing.F) {
	for _, c := range responses() {
		f.Add(declare(encodeResponse(c.value)))
	}
	read := func(doc []byte) Response {
		r := strictxml.NewReader(doc, testLimits)
		if !r.Root() {
			return nil
		}
		resp := newResponse(r.Name().Local)
		if resp == nil || DecodeResponse(r, resp) != nil {
			return nil
		}
		return resp
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		resp := read(doc)
		if resp == nil {
			return
		}
		first := encodeResponse(resp)
		again := read(declare(first))
		if again == nil {
			t.Fatalf("%s\ncannot be read again", first)
		}
		if second := encodeResponse(again); !bytes.Equal(first, second) {
			t.Fatalf("%s\nbecame\n%s", first, second)
		}
	})
}
