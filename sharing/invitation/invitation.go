// Package invitation reads and writes what a sharing invitation says: the
// attachment sharing_metadata.xml of a message of class IPM.Sharing
// ([MS-OXSHRMSG]), and the description of a folder that is encrypted in it for
// the recipients of one organization ([MS-OXWSMSHR]).
//
// It knows their forms and bounds, no keys, no clock and no directory. What was
// read is somebody's word: whether he may invite, and whom, is for others to
// find out.
package invitation

import (
	"errors"
	"slices"
	"strings"

	"entente"
	"entente/strictxml"
)

// What the attachment of an invitation is.
const (
	FileName     = "sharing_metadata.xml"
	MediaType    = "application/x-sharing-metadata-xml"
	MessageClass = "IPM.Sharing"
)

// Namespaces of the attachment.
const (
	Space         = "http://schemas.microsoft.com/sharing/2008"
	SpaceExchange = "http://schemas.microsoft.com/exchange/sharing/2008"
)

// A DataType says what is in the folder.
type DataType string

// The data types. Others are kept and shown, and no folder is made of them.
const (
	Calendar DataType = "calendar"
	Contacts DataType = "contacts"
)

// The providers: ways to what is shared.
const (
	Internal = "ms-exchange-internal" // within the organization, by the folder's id
	External = "ms-exchange-external" // to other organizations, by delegation tokens
	Publish  = "ms-exchange-publish"  // to everybody, by URL
)

// A Message is an invitation.
type Message struct {
	DataType  DataType
	Name      string // of the initiator
	Mail      entente.SMTPAddress
	EntryID   string // of the initiator, hexadecimal
	Title     string
	Providers []Provider
}

// A Provider is one way to what is shared.
type Provider struct {
	Type       string
	Recipients []entente.SMTPAddress // whom it is for; all, if none is named

	FolderID, MailboxID string      // of Internal, hexadecimal entry ids
	BrowseURL, ICalURL  string      // of Publish
	Encrypted           []Encrypted // of External, one for each organization
}

// An Encrypted is an invitation that one organization can open.
type Encrypted struct {
	Token []byte // an EncryptedData element: a delegation token
	Data  []byte // another: a Folder, under the token's secret
}

// Provider returns the provider of a type for a recipient; nil if there is none.
func (m *Message) Provider(kind string, to entente.SMTPAddress) *Provider {
	for i := range m.Providers {
		p := &m.Providers[i]
		if p.Type == kind && (len(p.Recipients) == 0 || slices.Contains(p.Recipients, to)) {
			return p
		}
	}
	return nil
}

// A Folder is what is shared, as it is told to one organization.
type Folder struct {
	DataType     DataType
	Organization string // application URI of the owner's
	FolderID     string // as the owner's EWS has it
	Sender       entente.SMTPAddress
	Recipients   []entente.SMTPAddress
}

// Limits of what is read.
const (
	MaxBytes      = 1 << 20 // of an attachment
	maxProviders  = 8
	maxRecipients = 500
	maxEncrypted  = 100
	maxText       = 4096
	maxFolder     = 64 << 10
)

// ErrInvalid is what every attachment gives that cannot be read.
var ErrInvalid = errors.New("the sharing message is not understood")

func limits(bytes int) strictxml.Limits {
	return strictxml.Limits{Bytes: bytes, Depth: 32, Attributes: 16, Elements: 10_000}
}

// ReadMessage reads the attachment. What it does not know in it is skipped, so
// that later forms can add to it. The error is ErrInvalid.
func ReadMessage(b []byte) (*Message, error) {
	r := strictxml.NewReader(b, limits(MaxBytes))
	if !r.Root() || r.Name() != (strictxml.Name{Space: Space, Local: "SharingMessage"}) {
		return nil, ErrInvalid
	}
	var m Message
	bad := false
	for r.Child() {
		switch r.Name() {
		case strictxml.Name{Space: Space, Local: "DataType"}:
			m.DataType = DataType(strings.ToLower(text(r)))
		case strictxml.Name{Space: Space, Local: "Initiator"}:
			bad = !m.initiator(r) || bad
		case strictxml.Name{Space: Space, Local: "Invitation"}:
			bad = !m.invitation(r) || bad
		default:
			r.Skip()
		}
	}
	if r.Finish() != nil || bad || m.DataType == "" || m.Mail == "" || len(m.Providers) == 0 {
		return nil, ErrInvalid
	}
	return &m, nil
}

func (m *Message) initiator(r *strictxml.Reader) bool {
	ok := true
	for r.Child() {
		switch r.Name().Local {
		case "Name":
			m.Name = text(r)
		case "EntryId":
			m.EntryID = text(r)
		case "SmtpAddress":
			mail, err := entente.ParseSMTPAddress(text(r))
			m.Mail, ok = mail, ok && err == nil
		default:
			r.Skip()
		}
	}
	return ok
}

func (m *Message) invitation(r *strictxml.Reader) bool {
	ok := true
	for r.Child() {
		switch r.Name().Local {
		case "Title":
			m.Title = text(r)
		case "Providers":
			for r.Child() {
				p, good := readProvider(r)
				if ok = ok && good && len(m.Providers) < maxProviders; ok {
					m.Providers = append(m.Providers, p)
				}
			}
		default:
			r.Skip()
		}
	}
	return ok
}

func readProvider(r *strictxml.Reader) (p Provider, ok bool) {
	p.Type, _ = r.Attr("Type")
	to, _ := r.Attr("TargetRecipients")
	if p.Recipients, ok = addresses(strings.FieldsFunc(to, func(c rune) bool { return c == ';' || c == ',' || c == ' ' })); !ok || len(p.Type) > maxText {
		ok = false
	}
	for r.Child() {
		if r.Name().Space != SpaceExchange {
			r.Skip()
			continue
		}
		switch r.Name().Local {
		case "FolderId":
			p.FolderID = text(r)
		case "MailboxId":
			p.MailboxID = text(r)
		case "BrowseUrl":
			p.BrowseURL = text(r)
		case "ICalUrl":
			p.ICalURL = text(r)
		case "EncryptedSharedFolderDataCollection":
			for r.Child() {
				if len(p.Encrypted) == maxEncrypted {
					ok = false
					r.Skip()
					continue
				}
				p.Encrypted = append(p.Encrypted, readEncrypted(r))
			}
		default:
			r.Skip()
		}
	}
	return p, ok
}

// readEncrypted keeps the two elements as they are written: they say their
// namespaces themselves, and what is in them is for those who hold keys.
func readEncrypted(r *strictxml.Reader) (e Encrypted) {
	for r.Child() {
		into := &e.Data
		if r.Name().Local == "Token" {
			into = &e.Token
		}
		for r.Child() {
			*into = append([]byte{}, r.Raw()...)
		}
	}
	return e
}

func addresses(list []string) (all []entente.SMTPAddress, ok bool) {
	if len(list) > maxRecipients {
		return nil, false
	}
	for _, s := range list {
		a, err := entente.ParseSMTPAddress(s)
		if err != nil {
			return nil, false
		}
		all = append(all, a)
	}
	return all, true
}

// text is an element's content, cut to what names and ids need.
func text(r *strictxml.Reader) string {
	s := strings.TrimSpace(r.Text())
	if len(s) > maxText {
		return strings.ToValidUTF8(s[:maxText], "")
	}
	return s
}

// Append writes the attachment.
func (m *Message) Append(b []byte) []byte {
	e := strictxml.NewEncoder(b)
	e.Declaration()
	e.Start("SharingMessage")
	e.Attr("xmlns", Space)
	e.Elem("DataType", string(m.DataType))
	e.Start("Initiator")
	e.Elem("Name", m.Name)
	e.Elem("SmtpAddress", string(m.Mail))
	if m.EntryID != "" {
		e.Elem("EntryId", m.EntryID)
	}
	e.End("Initiator")
	e.Start("Invitation")
	if m.Title != "" {
		e.Elem("Title", m.Title)
	}
	e.Start("Providers")
	for i := range m.Providers {
		m.Providers[i].append(e)
	}
	e.End("Providers")
	e.End("Invitation")
	e.End("SharingMessage")
	return e.Bytes()
}

func (p *Provider) append(e *strictxml.Encoder) {
	e.Start("Provider")
	e.Attr("Type", p.Type)
	if len(p.Recipients) > 0 {
		e.Attr("TargetRecipients", joined(p.Recipients))
	}
	elem := func(name, text string) {
		if text != "" {
			e.Start(name)
			e.Attr("xmlns", SpaceExchange)
			e.Text(text)
			e.End(name)
		}
	}
	elem("FolderId", p.FolderID)
	elem("MailboxId", p.MailboxID)
	elem("BrowseUrl", p.BrowseURL)
	elem("ICalUrl", p.ICalURL)
	if len(p.Encrypted) > 0 {
		e.Start("EncryptedSharedFolderDataCollection")
		e.Attr("xmlns", SpaceExchange)
		for _, x := range p.Encrypted {
			e.Start("EncryptedSharedFolderData")
			for _, part := range [...]struct {
				name    string
				element []byte
			}{{"Token", x.Token}, {"Data", x.Data}} {
				e.Start(part.name)
				e.Raw(part.element)
				e.End(part.name)
			}
			e.End("EncryptedSharedFolderData")
		}
		e.End("EncryptedSharedFolderDataCollection")
	}
	e.End("Provider")
}

func joined(list []entente.SMTPAddress) string {
	var b strings.Builder
	for i, a := range list {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(string(a))
	}
	return b.String()
}

// ReadFolder reads the description of a folder. The error is ErrInvalid.
func ReadFolder(b []byte) (*Folder, error) {
	r := strictxml.NewReader(b, limits(maxFolder))
	if !r.Root() || r.Name() != (strictxml.Name{Space: SpaceExchange, Local: "SharedFolderData"}) {
		return nil, ErrInvalid
	}
	var f Folder
	var to []string
	for r.Child() {
		switch r.Name().Local {
		case "DataType":
			f.DataType = DataType(text(r))
		case "FederationUri":
			f.Organization = text(r)
		case "FolderId":
			f.FolderID = text(r)
		case "SenderSmtpAddress":
			f.Sender, _ = entente.ParseSMTPAddress(text(r))
		case "Recipients":
			for r.Child() {
				if to = append(to, text(r)); len(to) > maxRecipients {
					r.Fail(ErrInvalid)
				}
			}
		default:
			r.Skip()
		}
	}
	recipients, ok := addresses(to)
	if f.Recipients = recipients; r.Finish() != nil || !ok || f.Sender == "" || f.FolderID == "" || f.Organization == "" || len(to) == 0 {
		return nil, ErrInvalid
	}
	return &f, nil
}

// Append writes the description of a folder.
func (f *Folder) Append(b []byte) []byte {
	e := strictxml.NewEncoder(b)
	e.Start("SharedFolderData")
	e.Attr("xmlns", SpaceExchange)
	e.Elem("DataType", string(f.DataType))
	e.Elem("FederationUri", f.Organization)
	e.Elem("FolderId", f.FolderID)
	e.Elem("SenderSmtpAddress", string(f.Sender))
	e.Start("Recipients")
	for _, a := range f.Recipients {
		e.Elem("SmtpAddress", string(a))
	}
	e.End("Recipients")
	e.End("SharedFolderData")
	return e.Bytes()
}
