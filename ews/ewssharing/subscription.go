// Package ewssharing is the sharing of folders by invitation: it invites people of
// other organizations to folders of people here, takes up what people here are
// invited to, and keeps their copies of it up to date by EWS. [MS-OXWSMSHR]
//
// What an invitation is made of, package invitation knows; who may share what
// with whom, access decides. A copy is written in a session of its owner's, and
// the other server is asked in his name; nothing that an invitation says of
// places is followed.
package ewssharing

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"entente"
	"entente/access"
	"entente/clientaccess"
	"entente/db"
	"entente/directory"
	"entente/ews"
	"entente/federation"
	"entente/federation/token"
	"entente/mailbox"
	"entente/sharing/invitation"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the table of subscriptions.
func Schema() db.Migration {
	files, _ := fs.Sub(schema, "schema") // the folder is embedded, so it is there
	return db.Migration{Room: "ewssharing", FS: files}
}

// Reasons of refusals. Each is one of the outcomes that Exchange documents.
const (
	InvalidMessage      entente.Reason = "sharing-message-invalid"
	InvalidData         entente.Reason = "sharing-data-invalid"          // what is encrypted is not for us, or not what it says
	NotSupportedMessage entente.Reason = "sharing-message-not-supported" // no provider that we know
	InvalidInitiator    entente.Reason = "sharing-initiator-invalid"     // not who the token speaks for
	InvalidSubscriber   entente.Reason = "sharing-subscriber-invalid"    // the invitation is for others
	InvalidFolderAsked  entente.Reason = "sharing-folder-request-invalid"
	SyncFailed          entente.Reason = "sharing-synchronization-failed"
	NoExternalEWS       entente.Reason = "sharing-no-external-ews"
)

// A Federation is what invitations need of the organization's side of its trust.
type Federation interface {
	Trust() *federation.Trust
	Opener() *token.Opener
	Subject(id entente.MailboxID, mails []entente.SMTPAddress) (token.Subject, error)
	AskSAML(ctx context.Context, who token.Subject, target string, offer token.Offer) (*federation.Granted, error)
}

// An Owner is the way to the server of somebody in another organization, for what
// he shares: package partner has it.
type Owner interface {
	// SharingRead asks the server that owner is at, with a token for reading what
	// was shared with the caller.
	SharingRead(ctx context.Context, as *access.Caller, owner entente.SMTPAddress, q ews.Request, into ews.Response) error
}

// Config is what a Service needs.
type Config struct {
	DB         *db.DB
	Directory  *directory.Directory
	Door       *clientaccess.Door
	Federation Federation
	Owner      Owner
	Log        *slog.Logger
	Now        func() time.Time
}

// A Service makes and takes up invitations. It is safe for concurrent use.
type Service struct {
	Config
	mu   sync.Mutex
	busy map[string]bool // subscriptions that are being refreshed
}

// New returns the service. The tables of Schema must be there.
func New(c Config) *Service {
	return &Service{Config: c, busy: map[string]bool{}}
}

// A Subscription is a folder of somebody else's that the owner of a mailbox
// follows.
type Subscription struct {
	Mailbox      entente.MailboxID
	Owner        entente.SMTPAddress
	RemoteID     string
	Folder       mailbox.FolderID // here; 0 for a folder of this organization
	Organization string
	DataType     invitation.DataType
	state        string
	Refreshed    time.Time // zero before the first time
	Failed       entente.Reason
}

func (u *Subscription) key() string {
	return u.Mailbox.String() + " " + string(u.Owner) + " " + u.RemoteID
}

const (
	subscriptionColumns = `SELECT owner, remote_id, folder_id, organization, data_type, state, refreshed, failed FROM ewssharing_subscription WHERE mailbox_id = $1`
	ofFolder            = subscriptionColumns + ` AND folder_id = $2`
	ofOwner             = subscriptionColumns + ` AND owner = $2 ORDER BY remote_id`
)

func subscriptions(id entente.MailboxID, rows *db.Rows, err error) ([]Subscription, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Subscription
	for rows.Next() {
		u := Subscription{Mailbox: id}
		var refreshed int64
		if err := rows.Scan(&u.Owner, &u.RemoteID, &u.Folder, &u.Organization, &u.DataType, &u.state, &refreshed, &u.Failed); err != nil {
			return nil, err
		}
		if refreshed != 0 {
			u.Refreshed = time.Unix(refreshed, 0)
		}
		list = append(list, u)
	}
	return list, rows.Err()
}

func (s *Service) followed(ctx context.Context, id entente.MailboxID, owner entente.SMTPAddress) (list []Subscription, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ofOwner, id[:], string(owner))
		list, err = subscriptions(id, rows, err)
		return err
	})
	return list, err
}

// subscription returns that of a folder here.
func (s *Service) subscription(ctx context.Context, id entente.MailboxID, folder mailbox.FolderID) (*Subscription, error) {
	var list []Subscription
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ofFolder, id[:], folder)
		list, err = subscriptions(id, rows, err)
		return err
	})
	if err == nil && len(list) == 0 {
		err = entente.Errorf(entente.NotFound, "the folder takes after none").Because(mailbox.FolderNotFound)
	}
	if err != nil {
		return nil, err
	}
	return &list[0], nil
}

func (s *Service) keep(ctx context.Context, u *Subscription) error {
	var refreshed int64
	if !u.Refreshed.IsZero() {
		refreshed = u.Refreshed.Unix()
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO ewssharing_subscription (mailbox_id, owner, remote_id, folder_id, organization, data_type, state, refreshed, failed)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (mailbox_id, owner, remote_id) DO UPDATE SET folder_id = $4, organization = $5, data_type = $6, state = $7, refreshed = $8, failed = $9`,
			u.Mailbox[:], string(u.Owner), u.RemoteID, u.Folder, u.Organization, string(u.DataType), u.state, refreshed, string(u.Failed))
		return err
	})
}

// FolderOf returns the folder that takes after one that owner shares: the one
// named or, without a name, the first of the data type. A folder of this
// organization is the owner's own, which ids name as any other. [MS-OXWSMSHR]
// 3.1.4.1
func (s *Service) FolderOf(ctx context.Context, id entente.MailboxID, owner entente.SMTPAddress, kind invitation.DataType, remote string) (ews.StoreID, error) {
	list, err := s.followed(ctx, id, owner)
	if err != nil {
		return ews.StoreID{}, err
	}
	for i := range list {
		u := &list[i]
		if remote != "" && u.RemoteID != remote || remote == "" && u.DataType != kind {
			continue
		}
		if u.Folder == 0 {
			return ews.ParseStoreID(u.RemoteID)
		}
		return ews.StoreID{Mailbox: id, Folder: uint64(u.Folder)}, nil
	}
	return ews.StoreID{}, entente.Errorf(entente.NotFound, "nothing that %s shares was accepted", owner).Because(mailbox.FolderNotFound)
}

func addressesOf(a *access.Account) []entente.SMTPAddress {
	all := []entente.SMTPAddress{a.Mail}
	for _, p := range a.Proxies {
		if p != a.Mail {
			all = append(all, p)
		}
	}
	return all
}
