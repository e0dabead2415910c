package easserver

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"

	"entente"
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// fetch answers a Fetch: an item by its id in a folder or by that of a search, or
// an attachment. [MS-ASCMD] 2.2.3.74.1
func (o *operations) fetch(in *wbxml.Element) {
	w := o.out
	w.Start(wbxml.ItemOperationsFetch)
	mark := w.Mark()
	o.status(wbxml.ItemOperationsStatus, activesync.OK)
	for _, tag := range [...]wbxml.Tag{wbxml.AirSyncCollectionId, wbxml.AirSyncServerId, wbxml.SearchLongId} {
		if e := in.Child(tag); e != nil {
			w.Text(tag, e.Text())
		}
	}
	parts := 0
	if o.multi != nil {
		parts = len(o.multi.parts)
	}
	if err := o.fetchInto(in); err != nil {
		w.Back(mark)
		if o.multi != nil {
			o.multi.parts = o.multi.parts[:parts]
		}
		o.status(wbxml.ItemOperationsStatus, o.failed(err))
		for _, tag := range [...]wbxml.Tag{wbxml.AirSyncCollectionId, wbxml.AirSyncServerId, wbxml.SearchLongId, wbxml.DocumentLibraryLinkId, wbxml.AirSyncBaseFileReference} {
			if e := in.Child(tag); e != nil {
				w.Text(tag, e.Text())
			}
		}
	}
	w.End()
}

// fetchInto writes what was asked for, after its ids.
func (o *operations) fetchInto(in *wbxml.Element) error {
	switch store := in.Get(wbxml.ItemOperationsStore); {
	case strings.EqualFold(store, "Mailbox"):
	case strings.EqualFold(store, "Document Library"), strings.EqualFold(store, "DocumentLibrary"):
		return &statusError{operationNoDocument, "a document library"}
	default:
		return &statusError{operationStore, "a store that there is not"}
	}
	if o.size() > maxFetched {
		return &statusError{operationTooLarge, "the answer is large enough"}
	}
	if ref := in.Child(wbxml.AirSyncBaseFileReference); ref != nil {
		return o.fetchFile(ref.Text(), in.Child(wbxml.ItemOperationsOptions))
	}
	id := in.Get(wbxml.AirSyncServerId)
	if long := in.Get(wbxml.SearchLongId); long != "" {
		if id != "" {
			return &statusError{operationInvalid, "a LongId and a ServerId"}
		}
		id = long
	}
	folder, item, ok := parseItemID(id)
	if !ok {
		return &statusError{operationNotFound, "no id that was given out"}
	}
	if in := in.Get(wbxml.AirSyncCollectionId); in != "" && in != folderID(folder) {
		return &statusError{operationNotFound, "an item of another folder"}
	}
	return o.fetchItem(folder, item, in.Child(wbxml.ItemOperationsOptions))
}

// size is how large the answer is by now.
func (o *operations) size() int {
	n := o.out.Len()
	if o.multi != nil {
		for _, p := range o.multi.parts {
			n += len(p)
		}
	}
	return n
}

// fetchItem writes an item as its class has it.
func (o *operations) fetchItem(folder mailbox.FolderID, id mailbox.ItemID, in *wbxml.Element) error {
	opt := options{multi: o.multi}
	if err := readBodyOptions(in, &opt); err != nil {
		return err
	}
	it, err := o.view.Item(o.ctx, id, 0)
	if err != nil {
		return err
	}
	name, class := o.classOf(it)
	if class == nil || it.Folder != folder {
		return &statusError{operationNotFound, "an item that phones do not know"}
	}
	if it, err = o.view.Item(o.ctx, id, class.parts(&opt)); err != nil {
		return err
	}
	w := o.out
	w.Text(wbxml.AirSyncClass, string(name))
	if schema := in.Child(wbxml.ItemOperationsSchema); schema != nil {
		return o.someOf(schema, func() error { return class.write(o.call, it, &opt) })
	}
	w.Start(wbxml.ItemOperationsProperties)
	if err := class.write(o.call, it, &opt); err != nil {
		return err
	}
	w.End()
	return nil
}

// classOf is the class that an item is of.
func (c *call) classOf(it *mailbox.Item) (activesync.Class, class) {
	for _, name := range [...]activesync.Class{activesync.Calendar, activesync.Contacts, activesync.Tasks, activesync.Notes, activesync.Email} {
		if class, ok := c.h.classes[name]; ok && class.shown(it) {
			return name, class
		}
	}
	return "", nil
}

// someOf writes those properties alone that a Schema names. [MS-ASCMD] 2.2.3.158
func (o *operations) someOf(schema *wbxml.Element, write func() error) error {
	out := o.out
	defer func() { o.out = out }()
	o.out = wbxml.NewWriter(nil)
	o.out.Start(wbxml.ItemOperationsProperties)
	if err := write(); err != nil {
		return err
	}
	o.out.End()
	all, err := wbxml.Parse(o.out.Bytes(), wbxml.DefaultLimits())
	if err != nil {
		return err
	}
	out.Start(wbxml.ItemOperationsProperties)
	for e := range all.Children() {
		if schema.Has(e.Tag) {
			out.Tree(e)
		}
	}
	out.End()
	return nil
}

// fetchFile writes an attachment, or a range of its bytes: as base64, or as they
// are in a part of their own. [MS-ASCMD] 2.2.3.143.1
func (o *operations) fetchFile(ref string, in *wbxml.Element) error {
	f, err := o.whole(ref)
	if err != nil {
		return err
	}
	r := span{0, len(f.content) - 1}
	part := in.Get(wbxml.ItemOperationsRange)
	if part != "" {
		var ok bool
		if r, ok = parseRange(part); !ok || r.first >= len(f.content) {
			return &statusError{operationRange, "a range that the attachment has not"}
		}
		r.last = min(r.last, len(f.content)-1)
	}
	content := f.content[r.first : r.last+1]
	if o.size()+len(content) > maxFetched {
		return &statusError{operationTooLarge, "the answer is large enough"}
	}
	w := o.out
	w.Text(wbxml.AirSyncBaseFileReference, ref)
	w.Start(wbxml.ItemOperationsProperties)
	if part != "" {
		w.Text(wbxml.ItemOperationsRange, r.String())
		w.Int(wbxml.ItemOperationsTotal, int64(len(f.content)))
	}
	w.Text(wbxml.AirSyncBaseContentType, f.kind)
	if o.multi != nil {
		w.Int(wbxml.ItemOperationsPart, int64(o.multi.add(content)))
	} else {
		w.Text(wbxml.ItemOperationsData, base64.StdEncoding.EncodeToString(content))
	}
	w.End()
	return nil
}

// maxRead is how much of attachments one request has read, whatever parts of them
// it asks for.
const maxRead = 4 * maxFetched

// whole reads an attachment, once for parts of it that are asked for in a row.
func (o *operations) whole(ref string) (file, error) {
	if o.read > 0 && ref == o.lastRef {
		return o.last, nil
	}
	if o.read > maxRead {
		return file{}, &statusError{operationTooLarge, "the request has read enough"}
	}
	f, err := o.file(ref)
	if err == nil {
		o.lastRef, o.last, o.read = ref, f, o.read+len(f.content)+1
	}
	return f, err
}

// parseRange reads a Range of bytes.
func parseRange(s string) (span, bool) {
	a, b, ok := strings.Cut(s, "-")
	first, ok1 := digits(a)
	last, ok2 := digits(b)
	return span{first, last}, ok && ok1 && ok2 && first <= last
}

// digits reads a number of at most nine digits.
func digits(s string) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + int(s[i]-'0')
		if i == 9 {
			return 0, false
		}
	}
	return n, s != ""
}

// A file is an attachment with its content.
type file struct {
	kind    string
	content []byte
}

// file reads an attachment; one that is an item as the message it is.
func (c *call) file(ref string) (file, error) {
	_, item, n, ok := parseFileReference(ref)
	if !ok {
		return file{}, &statusError{operationAttachment, "no reference that was given out"}
	}
	a, content, err := c.view.AttachmentContent(c.ctx, item, n)
	if err != nil {
		return file{}, err
	}
	if err := c.mayFetch(a.Size); err != nil {
		return file{}, err
	}
	if a.Item {
		return c.embedded(item, n)
	}
	f := file{kind: a.ContentType, content: make([]byte, a.Size)}
	if f.kind == "" {
		f.kind = "application/octet-stream"
	}
	_, err = io.ReadFull(content, f.content)
	return f, err
}

func (c *call) embedded(item mailbox.ItemID, n uint32) (file, error) {
	_, inner, err := c.view.AttachmentItem(c.ctx, item, n)
	if err != nil {
		return file{}, err
	}
	f := file{kind: "message/rfc822"}
	switch {
	case mailbox.IsAppointment(inner.Class):
		f.kind = "text/calendar"
	case hasPrefixFold(inner.Class, "IPM.Contact"):
		f.kind = "text/vcard"
	}
	f.content, err = mailbox.ComposeMIME(inner, mailbox.ComposeOptions{Zones: c.view.Zones()})
	return f, err
}

// getAttachment answers with the bytes of an attachment and nothing else.
// [MS-ASCMD] 2.2.1.7
func (c *call) getAttachment() error {
	f, err := c.file(c.line.AttachmentName)
	var own *statusError
	switch {
	case errors.As(err, &own), isKind(err, entente.NotFound), isKind(err, entente.Denied), isKind(err, entente.Invalid):
		return &httpError{http.StatusNotFound, "there is no such attachment"}
	case err != nil:
		return err // it may be there another time
	}
	c.setHeader("X-Content-Type-Options", "nosniff")
	c.answer.body, c.answer.contentType = f.content, safeType(f.kind)
	return nil
}

// safeType is a media type that can stand in a header. What a browser would run
// is named as bytes: nobody is to be shown a page from this address.
func safeType(kind string) string {
	for i := range len(kind) {
		if kind[i] <= ' ' || kind[i] > '~' {
			return "application/octet-stream"
		}
	}
	switch lower := strings.ToLower(kind); {
	case strings.Contains(lower, "html"), strings.Contains(lower, "xml"), strings.Contains(lower, "script"):
		return "application/octet-stream"
	}
	return kind
}
