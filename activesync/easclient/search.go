package easclient

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"

	"entente/activesync"
	"entente/activesync/wbxml"
)

func decoded(e *wbxml.Element) ([]byte, error) {
	if e.Opaque {
		return e.Content, nil
	}
	b, err := base64.StdEncoding.DecodeString(e.Text())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotActiveSync, err)
	}
	return b, nil
}

// A Hit is one result of a search.
type Hit struct {
	// ID is the item's; LongID is what Search calls it.
	ID, LongID, Folder string
	Properties         *wbxml.Element
}

// SearchPeople looks for people in the address list. [MS-ASCMD] 2.2.1.16
func (p *Phone) SearchPeople(ctx context.Context, query string) ([]Hit, error) {
	return p.search(ctx, "GAL", func(w *wbxml.Writer) { w.Text(wbxml.SearchQuery, query) }, nil)
}

// SearchMail looks for mails with a text, in one folder or in all.
func (p *Phone) SearchMail(ctx context.Context, query, folder string) ([]Hit, error) {
	return p.search(ctx, "Mailbox", func(w *wbxml.Writer) {
		w.Start(wbxml.SearchQuery)
		w.Start(wbxml.SearchAnd)
		w.Text(wbxml.AirSyncClass, string(activesync.Email))
		if folder != "" {
			w.Text(wbxml.AirSyncCollectionId, folder)
		}
		w.Text(wbxml.SearchFreeText, query)
		w.End()
		w.End()
	}, func(w *wbxml.Writer) {
		if folder == "" {
			w.Empty(wbxml.SearchDeepTraversal)
		}
	})
}

func (p *Phone) search(ctx context.Context, store string, query, options func(*wbxml.Writer)) ([]Hit, error) {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.SearchSearch)
	w.Start(wbxml.SearchStore)
	w.Text(wbxml.SearchName, store)
	query(w)
	w.Start(wbxml.SearchOptions)
	w.Text(wbxml.SearchRange, "0-99")
	if options != nil {
		options(w)
	}
	w.End()
	w.End()
	w.End()
	a, err := p.do(ctx, ask(activesync.Search, w))
	if err != nil {
		return nil, err
	}
	if err := p.good(activesync.Search, a.Root, wbxml.SearchStatus); err != nil {
		return nil, err
	}
	r := a.Root.Path(wbxml.SearchResponse, wbxml.SearchStore)
	if err := p.good(activesync.Search, r, wbxml.SearchStatus); err != nil {
		return nil, err
	}
	var hits []Hit
	for e := range r.All(wbxml.SearchResult) {
		if d := e.Child(wbxml.SearchProperties); d != nil {
			hits = append(hits, Hit{LongID: e.Get(wbxml.SearchLongId), Folder: e.Get(wbxml.AirSyncCollectionId), Properties: d})
		}
	}
	return hits, nil
}

// FindPeople looks for people with Find, of 16.1. [MS-ASCMD] 2.2.1.4
func (p *Phone) FindPeople(ctx context.Context, query string) ([]Hit, error) {
	return p.find(ctx, wbxml.FindGalSearchCriterion, query, "")
}

// FindMail looks for mails with Find.
func (p *Phone) FindMail(ctx context.Context, query, folder string) ([]Hit, error) {
	return p.find(ctx, wbxml.FindMailBoxSearchCriterion, query, folder)
}

func (p *Phone) find(ctx context.Context, where wbxml.Tag, query, folder string) ([]Hit, error) {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.FindFind)
	w.Text(wbxml.FindSearchId, newID())
	w.Start(wbxml.FindExecuteSearch)
	w.Start(where)
	if where == wbxml.FindGalSearchCriterion {
		w.Text(wbxml.FindQuery, query)
	} else {
		w.Start(wbxml.FindQuery)
		w.Text(wbxml.FindFreeText, query)
		w.Text(wbxml.AirSyncClass, string(activesync.Email))
		if folder != "" {
			w.Text(wbxml.AirSyncCollectionId, folder)
		}
		w.End()
	}
	w.Start(wbxml.FindOptions)
	w.Text(wbxml.FindRange, "0-99")
	if folder == "" && where == wbxml.FindMailBoxSearchCriterion {
		w.Empty(wbxml.FindDeepTraversal)
	}
	w.End()
	w.End()
	w.End()
	w.End()
	a, err := p.do(ctx, ask(activesync.Find, w))
	if err != nil {
		return nil, err
	}
	if err := p.good(activesync.Find, a.Root, wbxml.FindStatus); err != nil {
		return nil, err
	}
	r := a.Root.Child(wbxml.FindResponse)
	if err := p.good(activesync.Find, r, wbxml.FindStatus); err != nil {
		return nil, err
	}
	var hits []Hit
	for e := range r.All(wbxml.FindResult) {
		hits = append(hits, Hit{
			ID: e.Get(wbxml.AirSyncServerId), Folder: e.Get(wbxml.AirSyncCollectionId),
			Properties: e.Child(wbxml.FindProperties),
		})
	}
	return hits, nil
}

// Estimate returns how many changes a folder has. [MS-ASCMD] 2.2.1.9
func (p *Phone) Estimate(ctx context.Context, f *Folder) (int, error) {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.GetItemEstimateGetItemEstimate)
	w.Start(wbxml.GetItemEstimateCollections)
	w.Start(wbxml.GetItemEstimateCollection)
	if p.at(activesync.V140) {
		w.Text(wbxml.AirSyncSyncKey, f.Key)
		w.Text(wbxml.GetItemEstimateCollectionId, f.ID)
		p.writeOptions(w, f)
	} else {
		w.Text(wbxml.GetItemEstimateClass, string(f.Class()))
		w.Text(wbxml.GetItemEstimateCollectionId, f.ID)
		w.Int(wbxml.AirSyncFilterType, 0)
		w.Text(wbxml.AirSyncSyncKey, f.Key)
	}
	w.End()
	w.End()
	w.End()
	a, err := p.do(ctx, ask(activesync.GetItemEstimate, w))
	if err != nil {
		return 0, err
	}
	r := a.Root.Child(wbxml.GetItemEstimateResponse)
	if err := p.good(activesync.GetItemEstimate, r, wbxml.GetItemEstimateStatus); err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(r.Child(wbxml.GetItemEstimateCollection).Get(wbxml.GetItemEstimateEstimate))
	if err != nil {
		return 0, fmt.Errorf("%w: no estimate", ErrNotActiveSync)
	}
	return n, nil
}

// UserInformation returns the addresses of the account. [MS-ASCMD] 2.2.3.192
func (p *Phone) UserInformation(ctx context.Context) ([]string, error) {
	r, err := p.setting(ctx, wbxml.SettingsUserInformation, func(w *wbxml.Writer) { w.Empty(wbxml.SettingsGet) })
	if err != nil {
		return nil, err
	}
	var all []string
	get := r.Child(wbxml.SettingsGet)
	for _, list := range [...]*wbxml.Element{
		get.Child(wbxml.SettingsEmailAddresses),
		get.Path(wbxml.SettingsAccounts, wbxml.SettingsAccount, wbxml.SettingsEmailAddresses),
	} {
		for e := range list.All(wbxml.SettingsSMTPAddress) {
			all = append(all, e.Text())
		}
	}
	return all, nil
}

// OutOfOffice returns the automatic answers. [MS-ASCMD] 2.2.3.123
func (p *Phone) OutOfOffice(ctx context.Context) (*wbxml.Element, error) {
	return p.setting(ctx, wbxml.SettingsOof, func(w *wbxml.Writer) {
		w.Start(wbxml.SettingsGet)
		w.Text(wbxml.SettingsBodyType, "Text")
		w.End()
	})
}

func (p *Phone) setting(ctx context.Context, what wbxml.Tag, write func(*wbxml.Writer)) (*wbxml.Element, error) {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.SettingsSettings)
	w.Start(what)
	write(w)
	w.End()
	w.End()
	a, err := p.do(ctx, ask(activesync.Settings, w))
	if err != nil {
		return nil, err
	}
	if err := p.good(activesync.Settings, a.Root, wbxml.SettingsStatus); err != nil {
		return nil, err
	}
	r := a.Root.Child(what)
	return r, p.good(activesync.Settings, r, wbxml.SettingsStatus)
}

// Resolve resolves a recipient as a phone does that begins to write to him; the
// answer is as the server has it. [MS-ASCMD] 2.2.1.15
func (p *Phone) Resolve(ctx context.Context, to string, options func(*wbxml.Writer)) (*wbxml.Element, error) {
	w := wbxml.NewWriter(nil)
	w.Start(wbxml.ResolveRecipientsResolveRecipients)
	w.Text(wbxml.ResolveRecipientsTo, to)
	if options != nil {
		w.Start(wbxml.ResolveRecipientsOptions)
		options(w)
		w.End()
	}
	w.End()
	a, err := p.do(ctx, ask(activesync.ResolveRecipients, w))
	if err != nil {
		return nil, err
	}
	if err := p.good(activesync.ResolveRecipients, a.Root, wbxml.ResolveRecipientsStatus); err != nil {
		return nil, err
	}
	r := a.Root.Child(wbxml.ResolveRecipientsResponse)
	return r, p.good(activesync.ResolveRecipients, r, wbxml.ResolveRecipientsStatus)
}
