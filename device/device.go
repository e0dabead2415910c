// Package device knows the phones that synchronize with mailboxes: which there
// are, what they said of themselves, which policy they have acknowledged, and what
// is to be wiped. What a phone may do, access decides; what it is told, the
// protocol.
//
// It lies in the organization's database, so that every node knows every phone.
package device

import (
	"embed"
	"io/fs"
	"time"

	"entente"
	"entente/db"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the room's part of the organization's database.
func Schema() db.Migration {
	sub, _ := fs.Sub(schema, "schema") // the folder is embedded, so it is there
	return db.Migration{Room: "device", FS: sub}
}

// Reasons of errors raised here.
const (
	TooMany      entente.Reason = "too-many-devices"    // partnerships of one account: 177
	TooManyUsers entente.Reason = "device-of-too-many"  // one device id for many accounts
	NoSuchDevice entente.Reason = "no-such-device"      //
	CannotWipe   entente.Reason = "device-cannot-wipe"  // its protocol version has no account-only wipe
	WipeIsUnder  entente.Reason = "wipe-is-under-way"   // and cannot be called off
	OnlyAccount  entente.Reason = "account-wipe-only"   // who acts for another has a device of his own
	StaleAnswer  entente.Reason = "stale-policy-answer" // it acknowledges what it was not given last
)

// Limits of partnerships.
const (
	// PerAccount is how many partnerships a mailbox has at most: Exchange's
	// EasMaxDevices. Each further one is refused until one is removed.
	PerAccount = 20
	// UsersOfOne is how many accounts come with one device id at most. A phone with
	// several accounts here has one id for all; a program that makes up accounts
	// has no more.
	UsersOfOne = 10
)

// A Key names a partnership: a device and whose mailbox it synchronizes with.
type Key struct {
	Account entente.SID // whose mailbox
	ID      string      // the DeviceId, [MS-ASHTTP] 2.2.1.1.1.2.3
	// By is who signs in, if that is another who acts for Account: his phone is a
	// partnership of its own, of which only the account's data is ever wiped.
	By entente.SID
}

// Client is the name under which the mailbox keeps how far the device has followed
// it.
func (k Key) Client() string {
	by := k.By
	if by == "" {
		by = k.Account
	}
	return "eas " + string(by) + " " + k.ID
}

// Information is what a device says of itself. [MS-ASCMD] 2.2.3.45
type Information struct {
	Type         string `json:"type,omitempty"` // DeviceType of the request line
	UserAgent    string `json:"user_agent,omitempty"`
	Version      string `json:"version,omitempty"` // of the protocol
	Model        string `json:"model,omitempty"`
	IMEI         string `json:"imei,omitempty"`
	FriendlyName string `json:"friendly_name,omitempty"`
	OS           string `json:"os,omitempty"`
	OSLanguage   string `json:"os_language,omitempty"`
	PhoneNumber  string `json:"phone_number,omitempty"`
	Operator     string `json:"operator,omitempty"`
	Given        bool   `json:"given,omitempty"` // DeviceInformation has come
	XMSWL        string `json:"xmswl,omitempty"` // X-MS-WL, by which some applications name themselves
}

// A Wipe is how far the wiping of a device has come.
type Wipe string

// The wipes. [MS-ASPROV] 3.2.5.1.2
const (
	NoWipe             Wipe = ""
	WipeRequested      Wipe = "wipe-requested"
	WipeSent           Wipe = "wipe-sent"
	Wiped              Wipe = "wiped" // the device said so
	AccountRequested   Wipe = "account-wipe-requested"
	AccountSent        Wipe = "account-wipe-sent"
	AccountWiped       Wipe = "account-wiped"
	WipeFailed         Wipe = "wipe-failed" // the device said so
	AccountWipeRefused Wipe = "account-wipe-failed"
)

// Pending reports whether the device is to be told to wipe itself. One that said
// it could not is told again.
func (w Wipe) Pending() bool {
	switch w {
	case WipeRequested, WipeSent, WipeFailed, AccountRequested, AccountSent, AccountWipeRefused:
		return true
	}
	return false
}

// Done reports whether the device said that it has wiped itself: it does not
// synchronize again before its partnership is removed.
func (w Wipe) Done() bool { return w == Wiped || w == AccountWiped }

// OfAccount reports whether only the account's data goes, and not the whole
// device. [MS-ASPROV] 2.2.2.1
func (w Wipe) OfAccount() bool {
	switch w {
	case AccountRequested, AccountSent, AccountWiped, AccountWipeRefused:
		return true
	}
	return false
}

// A Block is of a device that behaved badly, for a while.
// Exchange: Set-ActiveSyncDeviceAutoblockThreshold
type Block struct {
	Reason string    `json:"reason"` // the behaviour, by Exchange's name
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
}

// A Device is a partnership.
type Device struct {
	Key         `json:"-"`
	Information `json:"information"`
	// First and Last are requests. Last is kept now and then only: it may be an hour
	// older in other nodes' eyes.
	First time.Time `json:"-"`
	Last  time.Time `json:"-"`

	// Spoken are the protocol versions of which the device knows that they are spoken
	// here, as headers list them; empty for one that came before this was kept.
	Spoken string `json:"spoken,omitempty"`

	// PolicyKey is the one the device has acknowledged; Offered the one it was
	// given and has yet to. 0 is none, and is never valid. [MS-ASPROV] 2.2.2.42
	PolicyKey uint32 `json:"policy_key,omitempty"`
	Offered   uint32 `json:"offered,omitempty"`
	// AcknowledgedBy is the temporary key that PolicyKey was given for.
	AcknowledgedBy uint32 `json:"acknowledged_by,omitempty"`
	// PolicyHash is of the policy document as it was streamed with PolicyKey, or
	// with Offered before that is acknowledged.
	PolicyHash  string    `json:"policy_hash,omitempty"`
	OfferedHash string    `json:"offered_hash,omitempty"`
	Policy      string    `json:"policy,omitempty"` // its name
	PolicyAt    time.Time `json:"policy_at,omitzero"`
	// Compliance is what the device said of the policy: 1 all of it, 2 a part, 3
	// none, 4 somebody else manages it. 0 is nothing. [MS-ASPROV] 2.2.2.54.1
	Compliance int `json:"compliance,omitempty"`
	// Challenged is how often in a row the device was told to provision and came
	// back without having tried; InformationAsked how often it was asked for
	// DeviceInformation.
	Challenged       int `json:"challenged,omitempty"`
	Rounds           int `json:"rounds,omitempty"` // final keys given since it last came with one
	InformationAsked int `json:"information_asked,omitempty"`

	Wipe   Wipe      `json:"wipe,omitempty"`
	WipeAt time.Time `json:"wipe_at,omitzero"`
	WipeBy string    `json:"wipe_by,omitempty"` // who asked for it
	// Lost says since when the device counts as lost: nothing but Provision is
	// answered, and the certificate it came with is to be revoked when the wipe is
	// done, or a day after.
	Lost time.Time `json:"lost,omitzero"`

	// Certificate is what the device last proved itself with, if that was a client
	// certificate: its hash, as audit records have it.
	Certificate string `json:"certificate,omitempty"`
	Pin         string `json:"pin,omitempty"` // what of it the device is bound to, where that is asked for

	Block *Block `json:"block,omitempty"` // nil if none was made
	// AgentChanged says that it came by another User-Agent this time. It is not kept.
	AgentChanged bool `json:"-"`
	// Told says which mail the administrators had about it: one for each state.
	Told string `json:"told,omitempty"`
}

// RevokeBy returns when the certificate of a device that was lost is to be
// revoked at the latest; the zero time if it was not lost. A device that said it
// is wiped needs it no longer.
func (d *Device) RevokeBy() time.Time {
	switch {
	case d.Lost.IsZero():
		return time.Time{}
	case d.Wipe.Done():
		return d.WipeAt
	}
	return d.Lost.Add(24 * time.Hour)
}
