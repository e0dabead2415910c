package admin

import (
	"context"
	"time"

	"entente"
	"entente/access"
	"entente/directory"
)

// stamp is how times are shown.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// CreateService asks for a service account: an application that signs in by
// itself. It may do nothing until something is assigned to it.
type CreateService struct {
	UPN  string `json:"upn" arg:"" help:"User principal name."`
	Name string `json:"name,omitempty" help:"Display name."`
}

// CreateService creates a service account without a mailbox.
func (a *API) CreateService(ctx context.Context, q CreateService) (AccountInfo, error) {
	x, err := newAccount(q.UPN, "", q.Name, access.KindService)
	if err != nil {
		return AccountInfo{}, err
	}
	x.Hidden = true
	return a.create(ctx, "service.create", x, "")
}

// CreateToken asks for a bearer token.
type CreateToken struct {
	AccountName
	Application string `json:"application,omitempty" help:"What the application that holds it is called." default:"application"`
	Days        int    `json:"days,omitempty" help:"How long it is valid." default:"365"`
}

// NewToken is a token with its secret, which is shown this once.
type NewToken struct {
	ID      string `json:"id"`
	Token   string `json:"token"`
	Expires string `json:"expires"`
}

// maxTokenDays bounds how long a token may be forgotten.
const maxTokenDays = 730

// CreateToken makes a bearer token for a service account.
func (a *API) CreateToken(ctx context.Context, q CreateToken) (NewToken, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return NewToken{}, err
	}
	days := bounded(q.Days, 365, 1<<30)
	if days > maxTokenDays {
		return NewToken{}, entente.Errorf(entente.Invalid, "a token is valid for at most %d days", maxTokenDays)
	}
	if q.Application == "" {
		q.Application = "application"
	}
	var t directory.Token
	var secret entente.Secret
	err = a.change(ctx, "service.token", []string{string(x.UPN)}, func(c *directory.Change) error {
		t, secret, err = c.CreateToken(x.SID, access.ApplicationID(q.Application), a.Now().AddDate(0, 0, days))
		return err
	})
	if err != nil {
		return NewToken{}, err
	}
	return NewToken{t.ID, secret.Reveal(), stamp(t.Expires)}, nil
}

// TokenInfo is a token without its secret.
type TokenInfo struct {
	ID          string `json:"id"`
	Application string `json:"application"`
	Created     string `json:"created"`
	Expires     string `json:"expires"`
}

// ListTokens lists the tokens of a service account, expired ones too.
func (a *API) ListTokens(ctx context.Context, q AccountName) ([]TokenInfo, error) {
	x, err := a.account(ctx, q.Account)
	if err != nil {
		return nil, err
	}
	tokens, err := a.Directory.Tokens(ctx, x.SID)
	list := make([]TokenInfo, 0, len(tokens))
	for _, t := range tokens {
		list = append(list, TokenInfo{t.ID, string(t.Name), stamp(t.Created), stamp(t.Expires)})
	}
	return list, err
}

// ID names an assignment or a token.
type ID struct {
	ID string `json:"id" arg:"" help:"Its id, as the list shows it."`
}

// RevokeToken ends a token.
func (a *API) RevokeToken(ctx context.Context, q ID) (Done, error) {
	err := a.change(ctx, "service.revoke", []string{q.ID}, func(c *directory.Change) error { return c.RevokeToken(q.ID) })
	return Done{"the token is worth nothing from now on"}, err
}
