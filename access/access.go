// Package access decides who may do what, and says why.
//
// Decide is a pure function of a snapshot and a question: it reads no clock,
// no network, no database. The same Decision is what the protocol answers
// with, what the audit log keeps and what the administrator is shown.
//
// The package does not know how a caller proved who it is (authn), where
// grants are kept (directory) or what a folder holds (mailbox). Those rooms
// hand it facts; it hands back a Decision and, if that allows, a Permit.
package access

import (
	"cmp"
	"time"

	"entente"
)

// A Principal is someone rights can be granted to: an account or a group.
type Principal struct {
	SID  entente.SID
	UPN  entente.UPN
	Mail entente.SMTPAddress
}

// String returns the name by which people know the principal: its user principal
// name, or else its address, or else its SID. Somebody of another organization
// has only an address here.
func (p Principal) String() string {
	return cmp.Or(string(p.UPN), string(p.Mail), string(p.SID))
}

// A Method is the way a caller proved who it is.
type Method string

const (
	Basic       Method = "basic"
	Bearer      Method = "bearer"
	Negotiate   Method = "negotiate"
	Certificate Method = "certificate"
	Delegation  Method = "delegation-token"
	Node        Method = "node"  // another node of ours, with the signed actor chain
	Relay       Method = "relay" // the other side of a relay, for somebody of its own
	SMTP        Method = "smtp"  // a server that brings mail, for whom that says it is from
	Local       Method = "local" // this process: delivery, maintenance, the admin socket
)

// A Caller is who is behind one request: the account that authenticated, the
// chain it came through, the account it acts as. Only authn makes one, for one
// request.
type Caller struct {
	Authenticated Principal
	Method        Method
	Evidence      string     // hash of the ticket, certificate or token; never the thing itself
	Chain         []Link     // gateways and services in between, nearest first
	ActsAs        *Principal // Exchange impersonation; nil if none
	// Groups are SIDs of groups that the caller's own realm, named Realm, says he
	// is in. Those outside that realm's domain are dropped by Decide.
	Groups []entente.SID
	Realm  string
	// Ticket is what he came with, if that can be shown on in his name; nil if not.
	Ticket Ticket
	// Foreign is what a delegation token says; nil without one.
	Foreign *Foreign
	// Published is the calendar whose address an anonymous caller knew; nil if none.
	Published   *Publication
	Application ApplicationID
	UserAgent   string
	Address     string // of the peer, without port
}

// A Ticket is a credential that can be shown on to be given another in the
// caller's name, as a Kerberos ticket can: *kerberos.Ticket is one, and only
// those who pass requests on look into it. It is no part of any record.
type Ticket interface{ Ends() time.Time }

// External reports whether the caller is somebody of another organization, who
// is known by address and has no account here.
func (c *Caller) External() bool {
	return c.Authenticated.SID == "" && c.Authenticated.Mail != "" && c.ActsAs == nil
}

// partner returns the address of an external caller whom his organization
// vouches for over its side of a relay. For tokens see identifyForeign.
func (c *Caller) partner() entente.SMTPAddress {
	if c.External() && c.Method == Relay {
		return c.Authenticated.Mail
	}
	return ""
}

// Subject returns whom the caller acts as: whose mailbox, gate and folder
// rights count.
func (c *Caller) Subject() Principal {
	if c.ActsAs != nil {
		return *c.ActsAs
	}
	return c.Authenticated
}

// A Link is one who passed the request on, and how: a gateway by S4U, a
// service by impersonation, a partner organization by delegation token.
type Link struct {
	Who Principal
	How string
}

// ByS4U begins the How of a service that passed a request on by constrained
// delegation, as the realm says; its name there follows.
const ByS4U = "s4u2proxy "

// An ApplicationID names a client application by its credential.
type ApplicationID string

// An ObjectKind says what sort of thing rights are asked on.
type ObjectKind uint8

const (
	ServerObject ObjectKind = iota + 1
	DatabaseObject
	AccountObject
	MailboxObject
	FolderObject
	OrganizationObject
	ItemObject
	DeviceObject // a mobile device, by its id, of whom the caller acts as
)

// An Object is something rights are granted on. It is comparable: Name holds
// a server's or database's name or an account's SID, Mailbox and Folder the
// rest.
type Object struct {
	Kind    ObjectKind
	Name    string
	Mailbox entente.MailboxID
	Folder  uint64
	Item    ItemKey
}

// MailboxOf returns the object that stands for a whole mailbox.
func MailboxOf(id entente.MailboxID) Object { return Object{Kind: MailboxObject, Mailbox: id} }

// FolderOf returns the object that stands for one folder.
func FolderOf(id entente.MailboxID, folder uint64) Object {
	return Object{Kind: FolderObject, Mailbox: id, Folder: folder}
}

// ItemOf returns the object that stands for one item, in the folder it lies in.
func ItemOf(id entente.MailboxID, folder uint64, item ItemKey) Object {
	return Object{Kind: ItemObject, Mailbox: id, Folder: folder, Item: item}
}
