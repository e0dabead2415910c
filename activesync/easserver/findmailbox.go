package easserver

import (
	"entente/activesync"
	"entente/activesync/wbxml"
	"entente/mailbox"
)

// findMailbox looks for items in the mailbox, as 16.1 asks. [MS-ASCMD] 2.2.3.99
func (c *call) findMailbox(ask *wbxml.Element) (found, error) {
	in := ask.Child(wbxml.FindOptions)
	r, ok := parseSpan(in.Get(wbxml.FindRange), maxSearchPage)
	if !ok || r.last >= maxSearchRange {
		return found{status: findRange}, nil
	}
	h := hunt{call: c, deep: in.Has(wbxml.FindDeepTraversal)}
	if !h.ask(ask.Child(wbxml.FindQuery)) {
		return found{status: findInvalid}, nil
	}
	q, err := h.find(r)
	switch status, ok := huntStatus(err); {
	case !ok:
		return found{}, err
	case status == searchNoFolder:
		return found{status: findFolderSync}, nil
	case status == searchTimedOut:
		return found{status: activesync.ServerErrorRetryLater}, nil
	case status != activesync.OK:
		return found{status: findInvalid}, nil
	}
	return found{status: activesync.OK, results: func() { c.findResults(q) }}, nil
}

// findResults writes what was found: of each what a list shows. [MS-ASCMD]
// 2.2.3.139.1
func (c *call) findResults(q quarry) {
	w := c.out
	written := 0
	for _, it := range q.items {
		name, class := c.classOf(it)
		if class == nil {
			continue
		}
		whole, err := c.view.Item(c.ctx, it.ID, mailbox.PartBody)
		if err != nil {
			continue // gone, or another's by now
		}
		written++
		w.Start(wbxml.FindResult)
		w.Text(wbxml.AirSyncClass, string(name))
		w.Text(wbxml.AirSyncServerId, itemID(whole.Folder, whole.ID))
		w.Text(wbxml.AirSyncCollectionId, folderID(whole.Folder))
		w.Start(wbxml.FindProperties)
		c.findProperties(whole)
		w.End()
		w.End()
	}
	if len(q.items) > 0 && written > 0 {
		w.Text(wbxml.FindRange, q.got.String())
	}
	w.Int(wbxml.FindTotal, int64(q.total))
}

func (c *call) findProperties(it *mailbox.Item) {
	w, ps := c.out, &it.Props
	w.Text(wbxml.EmailSubject, bounded(ps.String(mailbox.PidTagSubject), maxSubject))
	w.Text(wbxml.EmailDateReceived, wireTime(received(it)))
	for _, line := range [...]struct {
		tag  wbxml.Tag
		prop mailbox.Prop
	}{
		{wbxml.EmailDisplayTo, mailbox.PidTagDisplayTo},
		{wbxml.FindDisplayCc, mailbox.PidTagDisplayCc},
		{wbxml.FindDisplayBcc, mailbox.PidTagDisplayBcc},
	} {
		if s := ps.String(line.prop); s != "" {
			w.Text(line.tag, bounded(s, maxAddresses))
		}
	}
	w.Int(wbxml.EmailImportance, importance(ps))
	w.Bool(wbxml.EmailRead, it.Read)
	w.Bool(wbxml.Email2IsDraft, it.MessageFlags()&flagUnsent != 0)
	if s := previewOf(it, maxPreview); s != "" {
		w.Text(wbxml.FindPreview, s)
	}
	w.Bool(wbxml.FindHasAttachments, it.HasAttachments())
	from := person(ps, mailbox.PidTagSentRepresentingName, mailbox.PidTagSentRepresentingSMTP, mailbox.PidTagSentRepresentingAddress)
	if from != "" {
		w.Text(wbxml.EmailFrom, from)
	}
}
