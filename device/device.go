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

// A Key names a partnership: a device and whose mailbox it synchronizes with.
type Key struct {
	Account entente.SID
	ID      string // the DeviceId, [MS-ASHTTP] 2.2.1.1.1.2.3
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

// A Device is a partnership.
type Device struct {
	Key
	Information
	First, Last time.Time // requests

	// PolicyKey is the one the device has acknowledged; Offered the one it was
	// given and has yet to. 0 is none, and is never valid. [MS-ASPROV] 2.2.2.42
	PolicyKey, Offered uint32
	// PolicyHash is of the policy document as it was streamed with PolicyKey.
	PolicyHash string
	PolicyAt   time.Time

	Wipe   Wipe
	WipeAt time.Time
}
