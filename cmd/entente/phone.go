package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"entente"
	"entente/activesync"
	"entente/activesync/easclient"
	"entente/load"
)

// phoneCmd is a phone: it synchronizes with a server by Exchange ActiveSync and
// prints what it would show.
type phoneCmd struct {
	URL          string        `required:"" help:"ActiveSync address: https://mail.contoso.example/Microsoft-Server-ActiveSync" placeholder:"URL"`
	User         string        `required:"" help:"Who signs in." placeholder:"UPN"`
	CA           string        `help:"CA certificate to trust." type:"existingfile" placeholder:"FILE"`
	PasswordFile string        `help:"Read the password from the first line of a file; otherwise it is in ENTENTE_PHONE_PASSWORD." type:"existingfile" placeholder:"FILE"`
	Stdin        bool          `help:"Read the password from standard input, up to the end of the line."`
	Protocol     string        `help:"Protocol version: ${enum}. best is the best of both sides." enum:"best,12.1,14.0,14.1,16.0,16.1" default:"best"`
	Device       string        `help:"Device id, of letters and digits; each is a phone of its own to the server." default:"ENTENTEPHONE" placeholder:"ID"`
	Show         int           `help:"How many mails, appointments and contacts to print." default:"5"`
	Wait         time.Duration `help:"Then wait so long for something new, and print what came." placeholder:"DURATION"`
	JSON         bool          `name:"json" help:"Answer in JSON."`
}

// Run is the phone's day.
func (c *phoneCmd) Run(t *terminal) error {
	if c.Show < 0 || c.Wait < 0 || c.Device == "" {
		return entente.Errorf(entente.Invalid, "--show and --wait are not negative, --device is not empty")
	}
	p, err := c.phone(t)
	if err != nil {
		return err
	}
	if err := p.Sync(t.ctx); err != nil {
		return phoneError(err)
	}
	if err := c.print(t, shownOn(p, c.Show, time.Now())); err != nil || c.Wait == 0 {
		return err
	}
	return c.wait(t, p)
}

// phone sets one up.
func (c *phoneCmd) phone(t *terminal) (*easclient.Phone, error) {
	password, err := c.password(t)
	if err != nil {
		return nil, err
	}
	// A held request is answered when its time is up, or a little later.
	client, err := load.Client(c.CA, 2, max(c.Wait, time.Minute)+time.Minute)
	if err != nil {
		return nil, err
	}
	version, _ := activesync.ParseVersion(c.Protocol)
	return easclient.New(easclient.Config{
		HTTP: client, URL: c.URL, User: c.User, Password: password, Version: version,
		DeviceID: c.Device, DeviceType: "EntentePhone", UserAgent: "EntentePhone/1.0",
		Device: easclient.Information{Model: "Phone", FriendlyName: "Entente's phone", OS: "Entente"},
	}), nil
}

// password takes none from the command line, where others see it.
func (c *phoneCmd) password(t *terminal) (string, error) {
	var text []byte
	var err error
	switch {
	case c.Stdin:
		text, err = io.ReadAll(io.LimitReader(t.in, 1<<10))
	case c.PasswordFile != "":
		text, err = os.ReadFile(c.PasswordFile)
	default:
		text = []byte(os.Getenv("ENTENTE_PHONE_PASSWORD"))
	}
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", entente.Errorf(entente.Invalid, "give the password in ENTENTE_PHONE_PASSWORD, by --password-file or by --stdin")
	}
	return line, nil
}

// phoneError says in words what a server that does not want the phone says in
// numbers.
func phoneError(err error) error {
	var status *easclient.StatusError
	var h *easclient.HTTPError
	switch {
	case errors.Is(err, easclient.ErrWiped), errors.Is(err, easclient.ErrAccountWiped):
		return entente.Errorf(entente.Denied, "%v", err)
	case errors.As(err, &h) && h.Status == 401:
		return entente.Errorf(entente.Denied, "the server does not know this user and password")
	case errors.As(err, &status):
		if why, ok := refusals[status.Status]; ok {
			return entente.Errorf(entente.Denied, "%s (status %d)", why, status.Status)
		}
	}
	return err
}

var refusals = map[activesync.Status]string{
	activesync.UserDisabledForSync:        "phones are not enabled for this mailbox",
	activesync.DeviceIsBlockedForThisUser: "this device is blocked for this user",
	activesync.AccessDenied:               "access is denied",
	activesync.AccountDisabled:            "the account is disabled",
	activesync.MaximumDevicesReached:      "this user has as many devices as are allowed",
	activesync.UserHasNoMailbox:           "this user has no mailbox",
}

func (c *phoneCmd) print(t *terminal, shown any) error {
	if c.JSON {
		return json.NewEncoder(t.out).Encode(shown)
	}
	return show(t.out, shown)
}

// wait waits for a push, synchronizes, and prints what came.
func (c *phoneCmd) wait(t *terminal, p *easclient.Phone) error {
	if !c.JSON {
		fmt.Fprintf(t.out, "\nwaiting for something new, up to %v\n", c.Wait)
	}
	before := p.Clone()
	began := time.Now()
	for {
		left := c.Wait - time.Since(began)
		if left <= 0 {
			return c.print(t, phoneNews{Waited: time.Since(began).Round(time.Millisecond).String()})
		}
		changed, err := p.Ping(t.ctx, heartbeat(left))
		var status *easclient.StatusError
		if errors.As(err, &status) && status.Status == 7 { // the folders changed
			err = p.FolderSync(t.ctx)
			changed = []string{}
		}
		if err != nil {
			return phoneError(err)
		}
		waited := time.Since(began)
		if changed == nil {
			continue
		}
		if err := p.Sync(t.ctx, changed...); err != nil {
			return phoneError(err)
		}
		if news := newsOn(p, &before); len(news) > 0 {
			return c.print(t, phoneNews{Waited: waited.Round(time.Millisecond).String(), News: news})
		}
	}
}

// heartbeat is how long one Ping lasts: servers allow a minute to an hour.
func heartbeat(left time.Duration) time.Duration {
	return min(max(left.Truncate(time.Second), time.Minute), 15*time.Minute)
}
