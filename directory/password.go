package directory

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"entente"
	"entente/access"
	"entente/db"
)

// A PasswordHash is a password as it is kept: argon2id in the PHC string form,
// $argon2id$v=19$m=…,t=…,p=…$salt$hash.
type PasswordHash string

// Cost of argon2id, the second choice of OWASP's list: two passes over 19 MiB.
const (
	argonTime    = 2
	argonMemory  = 19 * 1024 // KiB
	argonThreads = 1
	saltLength   = 16
	hashLength   = 32
)

// maxPassword bounds what is hashed.
const maxPassword = 1024

// HashPassword hashes a password, waiting for its turn like a sign-in. It is
// slow on purpose and so is not done within a Change.
func (d *Directory) HashPassword(ctx context.Context, password entente.Secret) (PasswordHash, error) {
	if password.Empty() || len(password.Reveal()) > maxPassword {
		return "", entente.Errorf(entente.Invalid, "a password has 1 to %d bytes", maxPassword)
	}
	var salt [saltLength]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return "", err
	}
	leave, err := d.signIn.enter(ctx, true)
	if err != nil {
		return "", err
	}
	defer leave()
	sum := argon2.IDKey([]byte(password.Reveal()), salt[:], argonTime, argonMemory, argonThreads, hashLength)
	b64 := base64.RawStdEncoding.EncodeToString
	return PasswordHash(fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, argonMemory, argonTime, argonThreads, b64(salt[:]), b64(sum))), nil
}

// SetPassword gives an account a password, or with "" none. What was known of
// the old one is worth nothing from then on, on every node within a second.
func (c *Change) SetPassword(sid entente.SID, h PasswordHash) error {
	if _, err := parseHash(h); h != "" && err != nil {
		return entente.Errorf(entente.Invalid, "not a password hash")
	}
	n, err := write(c, accountUnit(sid), c.tx.Exec, `UPDATE directory_account SET password = $2, epoch = epoch + 1 WHERE sid = $1`, h)
	if err == nil && n == 0 {
		return entente.Errorf(entente.NotFound, "there is no such account").Because(NoSuchAccount)
	}
	return err
}

// hashed is a PasswordHash taken apart.
type hashed struct {
	memory, time uint32
	threads      uint8
	salt, sum    []byte
}

var errHash = errors.New("malformed password hash")

// parseHash reads the PHC form. The costs are bounded, so that a row that
// somebody wrote into the database cannot take all memory.
func parseHash(h PasswordHash) (hashed, error) {
	parts := strings.Split(string(h), "$")
	if len(h) > 512 || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return hashed{}, errHash
	}
	var m, t, p uint64
	for _, cost := range strings.Split(parts[3], ",") {
		name, value, _ := strings.Cut(cost, "=")
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			return hashed{}, errHash
		}
		switch name {
		case "m":
			m = n
		case "t":
			t = n
		case "p":
			p = n
		default:
			return hashed{}, errHash
		}
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(sum) < 16 || len(sum) > 64 ||
		m < 8 || m > 64*1024 || t < 1 || t > 10 || p < 1 || p > 4 {
		return hashed{}, errHash
	}
	return hashed{uint32(m), uint32(t), uint8(p), salt, sum}, nil
}

// nobody is what is checked where there is no password, at the same cost.
func nobody() hashed {
	return hashed{argonMemory, argonTime, argonThreads, make([]byte, saltLength), make([]byte, hashLength)}
}

func (h hashed) matches(password entente.Secret) bool {
	sum := argon2.IDKey([]byte(password.Reveal()), h.salt, h.time, h.memory, h.threads, uint32(len(h.sum)))
	return subtle.ConstantTimeCompare(sum, h.sum) == 1
}

// refused is the one answer to a wrong name, a wrong password and a disabled
// account.
func refused() error {
	return entente.Errorf(entente.Denied, "wrong user name or password").Because(WrongCredential)
}

// CheckPassword returns whom a name (UPN or primary SMTP address) and password
// prove. source is the peer's address.
//
// Errors: Denied, the same and at the same cost whatever is wrong; Unavailable
// with reason SignInDelayed after too many failures from near source, or
// SignInBusy when too many are waiting. An account is never locked: failures
// from one network delay only those that come from there.
func (d *Directory) CheckPassword(ctx context.Context, name string, password entente.Secret, source string) (access.Principal, error) {
	if len(name) > 1024 || len(password.Reveal()) > maxPassword || password.Empty() {
		return access.Principal{}, refused()
	}
	now := d.now.Load()
	// A UPN first: it is what people sign in with. The two kinds of name are
	// looked up apart, and the UPN of one may be an address of another.
	a, known := now.snapshot.FindUPN(name)
	if !known {
		a, known = now.snapshot.FindPrimary(name)
	}
	epoch, _ := now.epochs.get(a.SID)
	t := try{account: a, known: known, epoch: epoch, password: password, place: place{string(a.SID), network(source)}}
	if !known {
		h := sum(strings.ToLower(name)) // of a length that strangers do not choose
		t.place.who = "?" + string(h[:16])
	}
	t.digest = d.signIn.digest(now.snapshot.Organization().DomainSID, &t)
	if d.binder.Load() != nil {
		t.bind = func(ctx context.Context) (bool, error) { return d.bind(ctx, &t) }
	}
	err := d.signIn.check(ctx, &t, func() (bool, error) { return d.verify(ctx, &t) })
	if err != nil {
		return access.Principal{}, err
	}
	return a.Principal, nil
}

// verify reads the password of the account and compares. It takes the same
// steps for names that do not exist.
func (d *Directory) verify(ctx context.Context, t *try) (right bool, err error) {
	var h PasswordHash
	var epoch int64
	var enabled bool
	err = d.db.View(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(`SELECT password, epoch, enabled FROM directory_account WHERE sid = $1`, t.account.SID).Scan(&h, &epoch, &enabled)
		if errors.Is(err, db.ErrNoRows) {
			h = ""
			return nil
		}
		return err
	})
	if err != nil {
		return false, tell(fmt.Errorf("read password: %w", err))
	}
	kept, err := parseHash(h)
	has := err == nil
	t.has, t.enabled = has, enabled
	if !has {
		kept = nobody()
	}
	right = kept.matches(t.password)
	// Another node may have changed the password since our snapshot: what was
	// just proven is true, and must not be kept under the old epoch.
	t.stale = epoch != t.epoch
	return right && has && t.known && enabled, nil
}

// digest names a credential without giving it away: HMAC-SHA256 under a key of
// this process, over the organization, the account, the password's epoch and
// the password, each with its length before it.
func (s *signIn) digest(organization entente.SID, t *try) (d digest) {
	m := hmac.New(sha256.New, s.key[:])
	var buf [1 << 8]byte
	b := buf[:0]
	for _, part := range [...]string{string(organization), t.place.who, t.password.Reveal()} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(t.epoch))
	m.Write(b)
	clear(b)
	m.Sum(d[:0])
	return d
}

// slots is how many hashes are computed at once: they are as much memory as
// work.
func slots() int { return min(runtime.GOMAXPROCS(0), 4) }

// Limits of the queue before them.
const (
	maxWaiting = 128
	maxWait    = 3 * time.Second
)
