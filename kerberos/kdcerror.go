package kerberos

import (
	"errors"
	"fmt"

	"entente"
)

// Error codes that mean something here, RFC 4120 7.5.9.
const (
	errNameExpired      = 1
	errClientUnknown    = 6
	errServiceUnknown   = 7
	errPolicy           = 12
	errBadOption        = 13
	errEtype            = 14
	errClientRevoked    = 18
	errTGTRevoked       = 20
	errClientNotYet     = 21
	errKeyExpired       = 23
	errPreauthFailed    = 24
	errPreauthRequired  = 25
	errSvcUnavailable   = 29
	errBadIntegrity     = 31
	errTicketExpired    = 32
	errTicketNotYet     = 33
	errSkew             = 37
	errModified         = 41
	errWrongKeyVersion  = 44
	errResponseTooBig   = 52
	errGeneric          = 60
	errFieldTooLong     = 61
	errWrongRealm       = 68
	errMustUseUserToken = 69
)

func codeName(code int64) string {
	names := map[int64]string{
		errNameExpired: "KDC_ERR_NAME_EXP", errClientUnknown: "KDC_ERR_C_PRINCIPAL_UNKNOWN", errServiceUnknown: "KDC_ERR_S_PRINCIPAL_UNKNOWN",
		errPolicy: "KDC_ERR_POLICY", errBadOption: "KDC_ERR_BADOPTION", errEtype: "KDC_ERR_ETYPE_NOSUPP",
		errClientRevoked: "KDC_ERR_CLIENT_REVOKED", errTGTRevoked: "KDC_ERR_TGT_REVOKED", errClientNotYet: "KDC_ERR_CLIENT_NOTYET",
		errKeyExpired: "KDC_ERR_KEY_EXPIRED", errPreauthFailed: "KDC_ERR_PREAUTH_FAILED", errPreauthRequired: "KDC_ERR_PREAUTH_REQUIRED",
		errSvcUnavailable: "KDC_ERR_SVC_UNAVAILABLE", errBadIntegrity: "KRB_AP_ERR_BAD_INTEGRITY", errTicketExpired: "KRB_AP_ERR_TKT_EXPIRED",
		errTicketNotYet: "KRB_AP_ERR_TKT_NYV", errSkew: "KRB_AP_ERR_SKEW", errModified: "KRB_AP_ERR_MODIFIED",
		errWrongKeyVersion: "KRB_AP_ERR_BADKEYVER", errResponseTooBig: "KRB_ERR_RESPONSE_TOO_BIG", errGeneric: "KRB_ERR_GENERIC",
		errFieldTooLong: "KRB_ERR_FIELD_TOOLONG", errWrongRealm: "KDC_ERR_WRONG_REALM", errMustUseUserToken: "KRB_AP_ERR_USER_TO_USER_REQUIRED",
	}
	if n, ok := names[code]; ok {
		return n
	}
	return fmt.Sprintf("error %d", code)
}

// A step of getting a ticket, for what its errors mean.
type step string

const (
	stepLogin step = "login"     // AS exchange: our own account
	stepSelf  step = "S4U2Self"  // the user's ticket to ourselves
	stepProxy step = "S4U2Proxy" // from there to the service
	stepOwn   step = "ticket"    // a ticket in our own name
)

// refusal is what an error of a step says to our callers: Denied is the KDC's
// decision about this user or service, Unavailable all that is about us or the
// KDC, which nobody who asks for a ticket can do anything about.
func refusal(at step, subject string, err error) error {
	var e *kdcError
	var told *entente.Error
	switch {
	case errors.As(err, &told):
		return err
	case !errors.As(err, &e):
		return &entente.Error{Kind: entente.Unavailable, Reason: KDCUnreachable, Text: "no KDC gave a proper answer", Err: fmt.Errorf("%s for %s: %w", at, subject, err)}
	}
	kind, reason, text := meaning(at, e.code)
	return &entente.Error{Kind: kind, Reason: reason, Text: text, Err: fmt.Errorf("%s for %s: %w", at, subject, e)}
}

func meaning(at step, code int64) (entente.Kind, entente.Reason, string) {
	user := at != stepLogin
	switch code {
	case errSkew, errTicketNotYet:
		return entente.Unavailable, ClockSkew, "this server's clock is not the KDC's"
	case errEtype:
		if user {
			return entente.Denied, WeakCipher, "the KDC has no encryption in common with this server"
		}
		return entente.Unavailable, WeakCipher, "the KDC has no encryption in common with the keytab"
	case errClientUnknown:
		if user {
			return entente.Denied, NoSuchClient, "the realm does not know the user"
		}
		return entente.Unavailable, NoSuchClient, "the realm does not know this server's account"
	case errClientRevoked, errKeyExpired, errNameExpired, errClientNotYet:
		if user {
			return entente.Denied, ClientRevoked, "the user's account is not good in the realm"
		}
		return entente.Unavailable, ClientRevoked, "this server's account is not good in the realm"
	case errServiceUnknown:
		if user && at != stepSelf {
			return entente.Denied, NoSuchService, "the realm does not know the service"
		}
		return entente.Unavailable, NoSuchService, "the realm does not know this server's account as a service"
	case errBadOption, errPolicy:
		switch at {
		case stepProxy:
			return entente.Denied, NotDelegated, "the service is not among those that this server's account may delegate to"
		case stepSelf: // Samba's answer for disabled accounts too
			return entente.Denied, ClientRevoked, "the realm gives no ticket in the user's name"
		}
		return entente.Denied, NotDelegated, "the realm gives no such ticket"
	case errPreauthFailed, errBadIntegrity, errModified, errWrongKeyVersion:
		return entente.Unavailable, WrongKey, "the keytab's key is not the account's"
	}
	return entente.Unavailable, KDCUnreachable, "the KDC cannot give a ticket"
}

// stale reports whether an error says that our ticket-granting ticket is of no
// more use: another one may be.
func stale(err error) bool {
	var e *kdcError
	if !errors.As(err, &e) {
		return false
	}
	switch e.code {
	case errTGTRevoked, errTicketExpired, errBadIntegrity, errModified, errWrongKeyVersion:
		return true
	}
	return false
}
