package easserver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"entente/access"
	"entente/activesync"
	"entente/activesync/wbxml"
)

// Types of policy documents. [MS-ASPROV] 2.2.2.43
const (
	policyWBXML = "MS-EAS-Provisioning-WBXML"
	policyWAP   = "MS-WAP-Provisioning-XML" // what devices before 12.0 took
)

// policyCache has the hashes of policies as they are streamed to each version, for
// one state of the settings.
type policyCache struct {
	mu         sync.Mutex
	generation uint64
	hashes     map[policyForm]string
}

type policyForm struct {
	policy  *access.MobilePolicy
	wap     bool
	version activesync.Version
}

// wapHash is how hashes of the older form begin.
const wapHash = "wap "

// policyHash is of what is streamed to a version, and of nothing else: a setting
// that a version is not told of must not look as if its device had yet to
// acknowledge it. like is a hash that the device has, whose form decides.
func (h *Handler) policyHash(s *access.Snapshot, p *access.MobilePolicy, like string, v activesync.Version) string {
	form := policyForm{p, strings.HasPrefix(like, wapHash), v}
	c := &h.policies
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation != s.Generation() || c.hashes == nil {
		c.generation, c.hashes = s.Generation(), map[policyForm]string{}
	}
	hash, ok := c.hashes[form]
	if !ok {
		hash = hashPolicy(p, form.wap, v)
		c.hashes[form] = hash
	}
	return hash
}

func hashPolicy(p *access.MobilePolicy, wap bool, v activesync.Version) string {
	if wap {
		sum := sha256.Sum256([]byte(wapDocument(p)))
		return wapHash + hex.EncodeToString(sum[:16])
	}
	w := wbxml.NewWriter(nil)
	writePolicy(w, p, v)
	sum := sha256.Sum256(w.Bytes())
	return hex.EncodeToString(sum[:16])
}

// writePolicy writes EASProvisionDoc. [MS-ASPROV] 2.2.2.28
//
// All of its elements are known from 12.1 on, which is the oldest version spoken.
func writePolicy(w *wbxml.Writer, p *access.MobilePolicy, _ activesync.Version) {
	w.Start(wbxml.ProvisionEASProvisionDoc)
	w.Bool(wbxml.ProvisionDevicePasswordEnabled, p.PasswordEnabled)
	w.Bool(wbxml.ProvisionAlphanumericDevicePasswordRequired, p.AlphanumericPasswordRequired)
	w.Bool(wbxml.ProvisionPasswordRecoveryEnabled, p.PasswordRecoveryEnabled)
	w.Bool(wbxml.ProvisionRequireStorageCardEncryption, p.RequireStorageCardEncryption || p.DeviceEncryptionEnabled)
	w.Bool(wbxml.ProvisionAttachmentsEnabled, p.AttachmentsEnabled)
	limit(w, wbxml.ProvisionMinDevicePasswordLength, int64(p.MinPasswordLength))
	limit(w, wbxml.ProvisionMaxInactivityTimeDeviceLock, int64(p.MaxInactivityTimeLock/time.Second))
	limit(w, wbxml.ProvisionMaxDevicePasswordFailedAttempts, int64(p.MaxPasswordFailedAttempts))
	limit(w, wbxml.ProvisionMaxAttachmentSize, p.MaxAttachmentSize)
	w.Bool(wbxml.ProvisionAllowSimpleDevicePassword, p.AllowSimplePassword)
	w.Int(wbxml.ProvisionDevicePasswordExpiration, int64(p.PasswordExpiration/(24*time.Hour))) // 0 is never
	w.Int(wbxml.ProvisionDevicePasswordHistory, int64(p.PasswordHistory))
	w.Bool(wbxml.ProvisionAllowStorageCard, p.AllowStorageCard)
	w.Bool(wbxml.ProvisionAllowCamera, p.AllowCamera)
	w.Bool(wbxml.ProvisionRequireDeviceEncryption, p.RequireDeviceEncryption)
	w.Bool(wbxml.ProvisionAllowUnsignedApplications, p.AllowUnsignedApplications)
	w.Bool(wbxml.ProvisionAllowUnsignedInstallationPackages, p.AllowUnsignedInstallationPackages)
	w.Int(wbxml.ProvisionMinDevicePasswordComplexCharacters, int64(p.MinPasswordComplexCharacters))
	w.Bool(wbxml.ProvisionAllowWiFi, p.AllowWiFi)
	w.Bool(wbxml.ProvisionAllowTextMessaging, p.AllowTextMessaging)
	w.Bool(wbxml.ProvisionAllowPOPIMAPEmail, p.AllowPOPIMAPEmail)
	w.Int(wbxml.ProvisionAllowBluetooth, int64(p.AllowBluetooth))
	w.Bool(wbxml.ProvisionAllowIrDA, p.AllowIrDA)
	w.Bool(wbxml.ProvisionRequireManualSyncWhenRoaming, p.RequireManualSyncWhenRoaming)
	w.Bool(wbxml.ProvisionAllowDesktopSync, p.AllowDesktopSync)
	w.Int(wbxml.ProvisionMaxCalendarAgeFilter, int64(p.MaxCalendarAgeFilter))
	w.Bool(wbxml.ProvisionAllowHTMLEmail, p.AllowHTMLEmail)
	w.Int(wbxml.ProvisionMaxEmailAgeFilter, int64(p.MaxEmailAgeFilter))
	w.Int(wbxml.ProvisionMaxEmailBodyTruncationSize, truncation(p.MaxEmailBodyTruncationSize))
	w.Int(wbxml.ProvisionMaxEmailHTMLBodyTruncationSize, truncation(p.MaxEmailHTMLBodyTruncationSize))
	w.Bool(wbxml.ProvisionRequireSignedSMIMEMessages, p.RequireSignedSMIMEMessages)
	w.Bool(wbxml.ProvisionRequireEncryptedSMIMEMessages, p.RequireEncryptedSMIMEMessages)
	w.Int(wbxml.ProvisionRequireSignedSMIMEAlgorithm, int64(p.RequireSignedSMIMEAlgorithm))
	w.Int(wbxml.ProvisionRequireEncryptionSMIMEAlgorithm, int64(p.RequireEncryptionSMIMEAlgorithm))
	w.Int(wbxml.ProvisionAllowSMIMEEncryptionAlgorithmNegotiation, int64(p.AllowSMIMEEncryptionAlgorithmNegotiation))
	w.Bool(wbxml.ProvisionAllowSMIMESoftCerts, p.AllowSMIMESoftCerts)
	w.Bool(wbxml.ProvisionAllowBrowser, p.AllowBrowser)
	w.Bool(wbxml.ProvisionAllowConsumerEmail, p.AllowConsumerEmail)
	w.Bool(wbxml.ProvisionAllowRemoteDesktop, p.AllowRemoteDesktop)
	w.Bool(wbxml.ProvisionAllowInternetSharing, p.AllowInternetSharing)
	applications(w, wbxml.ProvisionUnapprovedInROMApplicationList, wbxml.ProvisionApplicationName, p.UnapprovedInROMApplicationList)
	applications(w, wbxml.ProvisionApprovedApplicationList, wbxml.ProvisionHash, p.ApprovedApplicationList)
	w.End()
}

// limit writes a limit; an empty element is none.
func limit(w *wbxml.Writer, t wbxml.Tag, n int64) {
	if n == 0 {
		w.Empty(t)
		return
	}
	w.Int(t, n)
}

// truncation is a size as phones are told it: -1 is none. [MS-ASPROV] 2.2.2.34
func truncation(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}

func applications(w *wbxml.Writer, list, one wbxml.Tag, all []string) {
	if len(all) == 0 {
		return
	}
	w.Start(list)
	for _, a := range all {
		w.Text(one, a)
	}
	w.End()
}

// wapDocument is the policy for devices that ask for the older form, which knows of
// passwords only. [MS-ASPROV] 2.2.2.24.2
func wapDocument(p *access.MobilePolicy) string {
	var b strings.Builder
	parm := func(key, name string, value int64) {
		fmt.Fprintf(&b, `<characteristic type="HKLM\Comm\Security\Policy\LASSD%s"><parm name="%s" value="%d"/></characteristic>`, key, name, value)
	}
	flag := int64(1) // 4131: 0 requires a password
	if p.PasswordEnabled {
		flag = 0
	}
	fmt.Fprintf(&b, `<wap-provisioningdoc><characteristic type="SecurityPolicy"><parm name="4131" value="%d"/><parm name="4133" value="%d"/></characteristic>`, flag, flag)
	if p.PasswordEnabled {
		b.WriteString(`<characteristic type="Registry">`)
		if minutes := int64(p.MaxInactivityTimeLock / time.Minute); minutes > 0 {
			const ae = `\AE\{50C13377-C66D-400C-889E-C316FC4AB374}`
			parm(ae, "AEFrequencyType", 1)
			parm(ae, "AEFrequencyValue", minutes)
		}
		if n := int64(p.MaxPasswordFailedAttempts); n > 0 {
			parm("", "DeviceWipeThreshold", n)
		}
		if n := int64(p.MinPasswordLength); n > 0 {
			parm(`\LAP\lap_pw`, "MinimumPasswordLength", n)
		}
		complexity := int64(2) // anything
		if p.AlphanumericPasswordRequired {
			complexity = 0
		}
		parm(`\LAP\lap_pw`, "PasswordComplexity", complexity)
		b.WriteString(`</characteristic>`)
	}
	b.WriteString(`</wap-provisioningdoc>`)
	return b.String()
}
