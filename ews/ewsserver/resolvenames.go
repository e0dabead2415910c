package ewsserver

import (
	"slices"
	"strings"

	"entente"
	"entente/directory"
	"entente/ews"
	"entente/mailbox"
)

// maxResolutions is how many candidates one answer names. [MS-OXWSRSLNM] 3.1.4.1
const maxResolutions = 100

// resolveNames looks a name or an address up in the directory, in contacts, or
// in both. [MS-OXWSRSLNM] 3.1.4.1
func (c *call) resolveNames(r *ews.ResolveNames) (*ews.ResolveNamesResponse, error) {
	set, err := c.resolutions(r)
	m := ews.ResolveNamesResponseMessage{ResponseMessage: ews.Success(), ResolutionSet: set}
	switch {
	case err != nil:
		m = ews.ResolveNamesResponseMessage{ResponseMessage: c.fail(err)}
	case len(set.Resolutions) == 0:
		// Not finding somebody is an answer and no failure of the request.
		m = ews.ResolveNamesResponseMessage{ResponseMessage: ews.Failure(ews.ErrorNameResolutionNoResults)}
	case len(set.Resolutions) > 1:
		m.ResponseMessage = ews.Failure(ews.ErrorNameResolutionMultipleResults)
		m.ResponseClass = ews.ResponseWarning
	}
	return &ews.ResolveNamesResponse{ResponseMessages: []ews.ResolveNamesResponseMessage{m}}, nil
}

// resolutions finds candidates in the places and the order of the scope.
func (c *call) resolutions(r *ews.ResolveNames) (*ews.ResolutionSet, error) {
	entry := strings.TrimSpace(r.UnresolvedEntry)
	if entry == "" {
		return nil, &ews.Fault{Code: ews.ErrorInvalidRequest, Text: "There is no name to look up."}
	}
	look := resolver{call: c, r: r}
	look.name, look.exact = unresolved(entry)
	places := []func() (bool, error){look.directory, look.contacts}
	switch r.SearchScope {
	case ews.ScopeActiveDirectory:
		places = places[:1]
	case ews.ScopeContacts:
		places = places[1:]
	case ews.ScopeContactsActiveDirectory:
		slices.Reverse(places)
	}
	last := true
	for _, place := range places {
		more, err := place()
		if err != nil {
			return nil, err
		}
		last = last && !more
	}
	if len(look.found) > maxResolutions {
		look.found, last = look.found[:maxResolutions], false
	}
	total := len(look.found)
	return &ews.ResolutionSet{
		FindResponsePaging: ews.FindResponsePaging{TotalItemsInView: &total, IncludesLastItemInRange: &last},
		Resolutions:        look.found,
	}, nil
}

// unresolved reads what clients write: a name, "smtp:" and an address, or, as
// Outlook does for what must match as a whole, "=" and a name.
func unresolved(entry string) (name string, exact bool) {
	if len(entry) > 5 && strings.EqualFold(entry[:5], "smtp:") {
		return strings.TrimSpace(entry[5:]), true
	}
	if rest, ok := strings.CutPrefix(entry, "="); ok {
		return strings.TrimSpace(rest), true
	}
	return entry, false
}

type resolver struct {
	*call
	r     *ews.ResolveNames
	name  string
	exact bool
	found []ews.Resolution
}

// add keeps a candidate, once.
func (l *resolver) add(r ews.Resolution) {
	known := func(o ews.Resolution) bool {
		return r.Mailbox.EmailAddress != "" && strings.EqualFold(o.Mailbox.EmailAddress, r.Mailbox.EmailAddress)
	}
	if !slices.ContainsFunc(l.found, known) {
		l.found = append(l.found, r)
	}
}

// directory looks in the address lists. An address that is somebody's, any of
// his, means him alone; else names, aliases and addresses count by their
// beginning.
func (l *resolver) directory() (more bool, err error) {
	dir := l.s.Directory()
	if address, err := entente.ParseSMTPAddress(l.name); err == nil {
		e, err := dir.ByAddress(l.ctx, address)
		if err == nil {
			l.addEntry(e)
			return false, nil
		}
		if !isKind(err, entente.NotFound) {
			return false, err
		}
	}
	entries, more, err := dir.Search(l.ctx, l.name, maxResolutions)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if !l.exact || strings.EqualFold(e.Name(), l.name) || strings.EqualFold(aliasOf(e), l.name) {
			l.addEntry(e)
		}
	}
	return more, nil
}

func aliasOf(e directory.Entry) string {
	if e.Account != nil {
		return e.Account.Alias
	}
	return e.Group.Alias
}

func (l *resolver) addEntry(e directory.Entry) {
	res := ews.Resolution{Mailbox: mailboxOf(e)}
	if l.r.ReturnFullContactData {
		res.Contact = directoryContact(e)
	}
	l.add(res)
}

// directoryContact is what the directory knows of somebody, in the form of a
// contact.
func directoryContact(e directory.Entry) *ews.Item {
	it := &ews.Item{Kind: ews.KindContact}
	text := func(f ews.Field, s string) {
		if s != "" {
			it.Add(f, s)
		}
	}
	text(ews.FieldContactDisplayName, e.Name())
	if mail := string(e.Mail()); mail != "" {
		it.Values = append(it.Values, ews.Value{
			Field: ews.FieldContactEmailAddress, Indexed: string(ews.EmailAddress1),
			V: &ews.EmailEntry{Key: ews.EmailAddress1, Address: "SMTP:" + mail},
		})
	}
	it.Add(ews.FieldContactContactSource, "ActiveDirectory")
	text(ews.FieldContactAlias, aliasOf(e))
	if a := e.Account; a != nil {
		text(ews.FieldContactGivenName, a.GivenName)
		text(ews.FieldContactSurname, a.Surname)
		text(ews.FieldContactCompanyName, a.Company)
		text(ews.FieldContactDepartment, a.Department)
		text(ews.FieldContactJobTitle, a.Title)
		text(ews.FieldContactOfficeLocation, a.Office)
		phone := func(key, number string) {
			if number != "" {
				it.Values = append(it.Values, ews.Value{Field: ews.FieldContactPhoneNumber, Indexed: key, V: number})
			}
		}
		phone("BusinessPhone", a.Phone)
		phone("MobilePhone", a.Mobile)
	}
	it.Sort()
	return it
}

// contactNames are what a contact is found by.
var contactNames = [...]mailbox.Prop{
	mailbox.PidTagDisplayName, mailbox.PidTagGivenName, mailbox.PidTagSurname, mailbox.PidLidFileUnder, mailbox.PidTagNickname,
	mailbox.PidLidEmail1EmailAddress, mailbox.PidLidEmail2EmailAddress, mailbox.PidLidEmail3EmailAddress,
	mailbox.PidLidEmail1DisplayName,
}

// contactMails are a contact's addresses with their names.
var contactMails = [...]struct{ address, name mailbox.Prop }{
	{mailbox.PidLidEmail1EmailAddress, mailbox.PidLidEmail1DisplayName},
	{mailbox.PidLidEmail2EmailAddress, mailbox.PidLidEmail2DisplayName},
	{mailbox.PidLidEmail3EmailAddress, mailbox.PidLidEmail3DisplayName},
}

// contacts looks in a contacts folder: the one named, else the caller's own. A
// caller without a mailbox has no contacts.
func (l *resolver) contacts() (more bool, err error) {
	id := ews.BaseFolderID{DistinguishedFolderID: &ews.DistinguishedFolderID{ID: "contacts"}}
	if len(l.r.ParentFolderIDs) > 0 {
		id = l.r.ParentFolderIDs[0]
	} else if a, ok := l.s.Snapshot().FindSID(l.s.Caller().Subject().SID); !ok || a.Mailbox.IsZero() {
		return false, nil
	}
	ref, err := l.folder(&id)
	if err != nil {
		return false, err
	}
	if ref.folder.Limited() {
		return false, noFolder() // single contacts that are granted are no address book
	}
	page, err := ref.view.Find(l.ctx, mailbox.Query{
		Folder: ref.folder.ID, Restrict: l.restriction(),
		Sort:   []mailbox.SortKey{{Prop: mailbox.PidTagDisplayName}},
		Paging: mailbox.Paging{Max: maxResolutions},
	})
	if err != nil {
		return false, err
	}
	for _, it := range page.Items {
		l.addContact(ref.view, it)
	}
	return !page.Last, nil
}

func (l *resolver) restriction() *mailbox.Restriction {
	mode := mailbox.PrefixOnWords
	if l.exact {
		mode = mailbox.FullString
	}
	either := &mailbox.Restriction{Op: mailbox.Or}
	for _, p := range contactNames {
		either.Of = append(either.Of, mailbox.Restriction{
			Op: mailbox.Contains, Prop: p, Value: mailbox.Value{Text: l.name}, Mode: mode, Comparison: mailbox.Loose,
		})
	}
	return either
}

// addContact adds each address of a contact: they are different ways to reach
// him, and the asker chooses.
func (l *resolver) addContact(v *mailbox.View, it *mailbox.Item) {
	for _, m := range contactMails {
		address := it.Props.String(m.address)
		if address == "" {
			continue
		}
		name := it.Props.String(m.name)
		if name == "" {
			name = it.Props.String(mailbox.PidTagDisplayName)
		}
		res := ews.Resolution{Mailbox: ews.Mailbox{
			Name: name, EmailAddress: address, RoutingType: "SMTP",
			MailboxType: ews.MailboxContact, ItemID: itemID(v.Mailbox(), it),
		}}
		if l.r.ReturnFullContactData {
			res.Contact = storedContact(v, it)
		}
		l.add(res)
	}
}

// storedContact is what a contact says of itself, as far as people who look for
// a name want to know.
func storedContact(v *mailbox.View, it *mailbox.Item) *ews.Item {
	out := &ews.Item{Kind: ews.KindContact}
	out.Add(ews.FieldItemId, itemID(v.Mailbox(), it))
	for _, p := range [...]struct {
		field ews.Field
		prop  mailbox.Prop
	}{
		{ews.FieldContactFileAs, mailbox.PidLidFileUnder},
		{ews.FieldContactDisplayName, mailbox.PidTagDisplayName},
		{ews.FieldContactGivenName, mailbox.PidTagGivenName},
		{ews.FieldContactSurname, mailbox.PidTagSurname},
		{ews.FieldContactCompanyName, mailbox.PidTagCompanyName},
		{ews.FieldContactDepartment, mailbox.PidTagDepartmentName},
		{ews.FieldContactJobTitle, mailbox.PidTagTitle},
		{ews.FieldContactOfficeLocation, mailbox.PidTagOfficeLocation},
	} {
		if s := it.Props.String(p.prop); s != "" {
			out.Add(p.field, s)
		}
	}
	for i, m := range contactMails {
		if s := it.Props.String(m.address); s != "" {
			key := [...]ews.EmailAddressKey{ews.EmailAddress1, ews.EmailAddress2, ews.EmailAddress3}[i]
			out.Values = append(out.Values, ews.Value{
				Field: ews.FieldContactEmailAddress, Indexed: string(key), V: &ews.EmailEntry{Key: key, Address: s},
			})
		}
	}
	out.Add(ews.FieldContactContactSource, "Store")
	out.Sort()
	return out
}
