package publish

import (
	"errors"
	"fmt"
	"net/http"

	"entente/access"
)

// An Impersonation is what becomes of an EWS request whose caller acts as somebody
// else and may, where a rule enforces the organization's policies.
type Impersonation string

const (
	// ImpersonatePass leaves the ExchangeImpersonation header in: the server inside
	// decides again, by the rights that the caller has there. The default.
	ImpersonatePass Impersonation = "pass"
	// ImpersonateTranslate takes the header out and delegates as whom it names, so
	// that grants of ours, with their scopes and ends, work in front of a server
	// that has none. The KDC refuses it for accounts that may not be delegated.
	ImpersonateTranslate Impersonation = "translate"
	// ImpersonateRefuse has nobody act as another.
	ImpersonateRefuse Impersonation = "refuse"
)

// An Enforcer applies the organization's policies to requests for servers inside
// that are not ours, by the engine that decides at our own.
type Enforcer interface {
	// Enforce decides and records a request of a caller, who is the gateway's own
	// for this request alone. What it refuses it answers; what it lets through it
	// hands to pass, once and before it returns: the request as it is to be sent,
	// which is not the one that came, and as whom the server inside is to be told
	// that it comes. Its answer is written to the same w.
	Enforce(rule *Rule, c *access.Caller, id string, w http.ResponseWriter, r *http.Request,
		pass func(w http.ResponseWriter, r *http.Request, as access.Principal))
}

// enforces checks what a rule says of policies against how it delegates.
func (r *Rule) enforces(d Delegation) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch r.Impersonate {
	case "":
	case ImpersonatePass, ImpersonateTranslate, ImpersonateRefuse:
		if !r.Enforce {
			bad("impersonate: it is about what policies allow; set enforce, too")
		}
	default:
		bad("impersonate: %q is none of pass, translate, refuse", r.Impersonate)
	}
	switch {
	case !r.Enforce:
	case d == PassThrough || d == Block:
		bad("enforce: policies are about somebody who signed in; choose another delegation")
	case len(r.Paths) > 0 || r.opens():
		// No policy knows what is behind other paths, and they may lead to the same
		// mailboxes.
		bad("enforce: policies are about the presets ews, activesync, autodiscover and exchange; publish other paths by a rule of their own")
	case r.Impersonate == ImpersonateTranslate && d != KCD:
		bad("impersonate: tickets in another's name are had by the delegation kerberos alone")
	}
	return errors.Join(errs...)
}
