package ewsserver

import (
	"encoding/base64"
	"encoding/binary"

	"entente/access"
	"entente/calendar"
	"entente/ews"
	"entente/mailbox"
)

// showsTimes reports whether a calendar view is answered from what the folder
// shows of free and busy: to people of other organizations with whom it was
// shared, and who may not read its items.
func (c *call) showsTimes(r access.Rights) bool {
	f := c.s.Caller().Foreign
	return f != nil && f.Offer == access.OfferSharingRead && !r.Has(access.ReadAny) && r.Has(access.FreeBusySimple)
}

// times answers a calendar view with what the folder shows, whatever properties
// were asked for. Its ids tell entries from each other and open nothing.
func (f *finder) times(m *ews.FindItemResponseMessage, ref folderRef, window calendar.Interval) error {
	most := f.paging.Max
	if most <= 0 || most > mailbox.MaxPage {
		most = mailbox.MaxPage
	}
	shown, _, err := ref.view.Shown(f.c.ctx, ref.folder.ID, window, most+1)
	if err != nil {
		return err
	}
	last := len(shown) <= most
	if !last && f.req.View.CalendarView.MaxEntriesReturned == nil {
		return &ews.Fault{Code: ews.ErrorExceededFindCountLimit}
	}
	shown = shown[:min(len(shown), most)]
	items := make([]ews.Item, 0, len(shown))
	for i := range shown {
		items = append(items, f.c.timesOf(&shown[i]))
	}
	m.ResponseMessage = ews.Success()
	f.answer(m, mailbox.Page{Total: len(shown), Last: last}, items)
	return nil
}

func (c *call) timesOf(s *mailbox.Shown) ews.Item {
	it := ews.Item{Kind: ews.KindCalendarItem}
	key := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64([]byte("shown\x00"), s.Key.Content), uint32(s.Key.Day))
	it.Add(ews.FieldItemId, &ews.ItemID{ID: base64.StdEncoding.EncodeToString(c.h.SyncState.Append(nil, key))})
	if s.Detail != nil && s.Detail.Subject != "" {
		it.Add(ews.FieldSubject, s.Detail.Subject)
	}
	if s.Detail != nil && s.Detail.Private {
		it.Add(ews.FieldSensitivity, "Private")
	}
	it.Add(ews.FieldStart, s.Start.UTC())
	it.Add(ews.FieldEnd, s.End.UTC())
	it.Add(ews.FieldIsAllDayEvent, s.AllDay)
	it.Add(ews.FieldLegacyFreeBusyStatus, s.Status.String())
	if s.Detail != nil && s.Detail.Location != "" {
		it.Add(ews.FieldLocation, s.Detail.Location)
	}
	return it
}
