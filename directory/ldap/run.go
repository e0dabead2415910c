package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"entente"
	"entente/access"
	"entente/directory"
)

// version is of what is read and how; a new one has everything read again.
const version = "1"

// A run is one sync under way.
type run struct {
	*Client
	Options
	dry    bool
	began  time.Time
	before state // as the last sync left it

	con        *connection
	root       *root
	base       string
	invocation string // of the server
	domain     domain
	settings   string // digest
	filters    [2]string

	deletions bool // deleted objects can be seen
	since     int64
	full      bool // everything is compared, not only what changed
	again     bool // and read again, even what seems unchanged

	seen      map[directory.GUID]seen
	listed    map[directory.GUID]listed
	conflicts []*object        // that another was in the way of
	lost      []directory.GUID // seen before, and no longer among those taken
	wanted    map[directory.GUID]bool
	held      int64
	unable    bool      // to make mailboxes
	prolonged time.Time // the lease, while nothing is kept
	report    Report
}

// Filters of what is taken. objectCategory keeps computers apart from people,
// who are users too. isCriticalSystemObject marks what Windows brings along:
// Administrator, krbtgt, Domain Users. [MS-ADA1]
const (
	people      = "(&(objectCategory=person)(objectClass=user)"
	groups      = "(&(objectCategory=group)(objectClass=group)"
	noneOfOwn   = "(!(isCriticalSystemObject=TRUE))"
	smallAttrs  = "objectGUID uSNChanged userAccountControl objectClass"
	filterClose = ")"
)

// prepare connects and finds out what the server is.
func (r *run) prepare(ctx context.Context) (err error) {
	if r.con, err = r.connectSynced(ctx); err != nil {
		return err
	}
	asked, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	if r.invocation, err = r.invocationOf(asked); err != nil {
		return err
	}
	r.base = r.BaseDN
	if r.base == "" {
		r.base = r.root.domain
	}
	top, err := r.con.one(asked, query{base: r.root.domain, scope: goldap.ScopeBaseObject, filter: "(objectClass=*)", attrs: []string{"objectSid"}})
	if err != nil {
		return err
	}
	if top == nil {
		return fmt.Errorf("%s: the domain %s cannot be read", r.con.server.name, r.root.domain)
	}
	r.domain.name = dnsOf(r.root.domain)
	if r.domain.sid, err = sidOf([]byte(value(top, "objectSid"))); err != nil {
		return fmt.Errorf("%s: the domain's SID: %w", r.con.server.name, err)
	}
	if r.domain.sid == r.Directory.Snapshot().Organization().DomainSID {
		// Ours was made by chance: no other domain has it.
		return entente.Errorf(entente.Conflict, "%s: the domain says that it has the SID of this organization's own", r.con.server.name)
	}
	if r.domain.exchange, err = r.hasExchange(asked); err != nil {
		return err
	}
	if r.deletions, err = r.seesDeleted(asked); err != nil {
		return err
	}
	own := noneOfOwn
	if r.Filter != "" {
		own = r.Filter
	}
	r.filters = [2]string{people + own + filterClose, groups + own + filterClose}
	return nil
}

// connectSynced connects to a server that is in step with the others.
func (r *run) connectSynced(ctx context.Context) (*connection, error) {
	con, err := r.connect(ctx)
	if err != nil {
		return nil, err
	}
	asked, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	if r.root, err = con.root(asked); err == nil && !r.root.ready {
		err = fmt.Errorf("%s: it is not yet in step with the other servers of its domain", con.server.name)
	}
	if err == nil && !r.root.extendedDN {
		err = fmt.Errorf("%s: it does not give names with their SIDs", con.server.name)
	}
	if err != nil {
		con.close()
		con.server.failed(r.Now(), err)
		return nil, unavailable(err)
	}
	return con, nil
}

// invocationOf names the server's copy of the directory. A server restored from
// an older copy as it has to be has a new one.
func (r *run) invocationOf(ctx context.Context) (string, error) {
	e, err := r.con.one(ctx, query{base: r.root.service, scope: goldap.ScopeBaseObject, filter: "(objectClass=*)", attrs: []string{"invocationId"}})
	if err != nil {
		return "", err
	}
	if e != nil {
		if id := value(e, "invocationId"); len(id) == 16 {
			return id, nil
		}
	}
	return "", fmt.Errorf("%s: its invocationId cannot be read at %s", r.con.server.name, r.root.service)
}

func (r *run) hasExchange(ctx context.Context) (bool, error) {
	if r.root.schema == "" {
		return false, nil
	}
	found, err := r.con.few(ctx, query{
		base: r.root.schema, scope: goldap.ScopeSingleLevel, limit: 1,
		filter: "(lDAPDisplayName=msExchRecipientTypeDetails)", attrs: []string{"1.1"},
	})
	return len(found) > 0, err
}

// seesDeleted finds out whether the account that reads may see deleted objects,
// by seeing one: by default only administrators may, and who may not sees the
// folder of them empty. [MS-ADTS] 3.1.1.3.4.1.14
func (r *run) seesDeleted(ctx context.Context) (sees bool, err error) {
	if !r.root.showDeleted {
		return false, nil
	}
	_, err = r.con.page(ctx, query{
		base: "CN=Deleted Objects," + r.root.domain, scope: goldap.ScopeSingleLevel, filter: "(isDeleted=TRUE)",
		attrs: []string{"1.1"}, controls: []goldap.Control{showDeleted()},
	}, goldap.NewControlPaging(1), func(*goldap.Entry) error {
		sees = true
		return nil
	})
	if goldap.IsErrorAnyOf(err, goldap.LDAPResultInsufficientAccessRights, goldap.LDAPResultNoSuchObject) {
		return false, nil
	}
	return sees, err
}

// digest names all that what was read depends on beside the directory itself. If
// it changes, everything is read again.
func (r *run) digest(ctx context.Context) error {
	domains, err := r.Directory.Domains(ctx)
	if err != nil {
		return err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n%t\n%s\n", version, r.base, r.filters, r.domain.sid, r.domain.exchange, r.MailboxDatabase)
	for _, d := range domains {
		fmt.Fprintln(h, d.Name)
	}
	r.settings = hex.EncodeToString(h.Sum(nil))
	return nil
}

// scope says how much has to be looked at: what changed since this server was
// last asked, where that is known and can be; else everything.
func (r *run) scope(ctx context.Context) error {
	usn, known, err := r.followed(ctx, r.invocation)
	if err != nil {
		return err
	}
	compare := r.Compare
	if !r.deletions {
		compare = min(compare, max(r.MaxAge/2, r.Interval))
	}
	r.since = usn
	switch {
	case r.before.settings != r.settings:
		r.full, r.again = true, true
	case known && r.root.usn < usn:
		// Its copy is older than the one we have seen, under the same name: what the
		// numbers said is worth nothing.
		r.Log.Warn("a server of the directory has gone back in time; everything is read again", "server", r.con.server.name, "was", usn, "is", r.root.usn)
		r.full, r.again = true, true
	case r.Full:
		r.full, r.again = true, true
	case !known, r.began.Sub(unixMilli(r.before.compared)) >= compare:
		r.full = true
	}
	return nil
}

// A listed object is one that is there now.
type listed struct {
	usn     int64
	enabled bool
	group   bool
}

// list reads which objects there are, or which of them changed, without what
// they have.
func (r *run) list(ctx context.Context) error {
	r.listed = map[directory.GUID]listed{}
	changed := ""
	if !r.full {
		changed = "(uSNChanged>=" + strconv.FormatInt(r.since+1, 10) + ")"
	}
	for i, filter := range r.filters {
		q := query{base: r.base, scope: goldap.ScopeWholeSubtree, filter: "(&" + filter + changed + ")", attrs: strings.Fields(smallAttrs)}
		if err := r.pages(ctx, r.con, q, func() error { return r.prolong(ctx) }, func(e *goldap.Entry) error {
			g, err := guidOf([]byte(value(e, "objectGUID")))
			if err != nil {
				return fmt.Errorf("%.64q: %w", e.DN, err)
			}
			usn, err := strconv.ParseInt(value(e, "uSNChanged"), 10, 64)
			if err != nil {
				return fmt.Errorf("%.64q: uSNChanged is not a number", e.DN)
			}
			bits, _ := strconv.ParseInt(value(e, "userAccountControl"), 10, 64)
			r.listed[g] = listed{usn: usn, enabled: bits&accountDisabled == 0, group: i == 1}
			return nil
		}); err != nil {
			return fmt.Errorf("list: %w", err)
		}
	}
	if r.full {
		r.lose(func(g directory.GUID) bool { _, there := r.listed[g]; return !there })
		return nil
	}
	return r.listLost(ctx, changed)
}

// listLost finds who changed so that he is no longer among those taken: deleted,
// moved, or not as the filter wants him. A folder that moved takes those in it
// along without a change to them, and has everything compared.
func (r *run) listLost(ctx context.Context, changed string) error {
	q := query{base: r.root.domain, scope: goldap.ScopeWholeSubtree, attrs: []string{"objectGUID", "objectClass"}}
	kinds := "(objectClass=user)(objectClass=group)"
	if !strings.EqualFold(r.base, r.root.domain) {
		kinds += "(objectClass=organizationalUnit)(objectClass=container)"
	}
	q.filter = "(&(|" + kinds + ")" + changed + ")"
	if r.root.showDeleted {
		q.controls = append(q.controls, showDeleted())
	}
	elsewhere := map[directory.GUID]bool{}
	if err := r.pages(ctx, r.con, q, func() error { return r.prolong(ctx) }, func(e *goldap.Entry) error {
		g, err := guidOf([]byte(value(e, "objectGUID")))
		if err != nil {
			return fmt.Errorf("%.64q: %w", e.DN, err)
		}
		for _, class := range values(e, "objectClass") {
			r.full = r.full || strings.EqualFold(class, "organizationalUnit") || strings.EqualFold(class, "container")
		}
		if _, there := r.listed[g]; !there {
			elsewhere[g] = true
		}
		return nil
	}); err != nil {
		return fmt.Errorf("list what is gone: %w", err)
	}
	if r.full {
		return r.list(ctx)
	}
	r.lose(func(g directory.GUID) bool { return elsewhere[g] })
	return nil
}

func (r *run) lose(lost func(directory.GUID) bool) {
	for g, s := range r.seen {
		if s.state != gone && lost(g) {
			r.lost = append(r.lost, g)
		}
	}
}

// plan decides whom to read, and whether so many would be disabled that an
// administrator has to say yes.
func (r *run) plan() error {
	r.wanted = map[directory.GUID]bool{}
	here := r.Directory.Snapshot()
	known, stopped := [2]int{}, [2]int{} // accounts, groups
	for _, s := range r.seen {
		if s.state == kept && (s.group || enabled(here, s.sid)) {
			known[index(s.group)]++
		}
	}
	for g, l := range r.listed {
		s, was := r.seen[g]
		if !was || r.again || s.invocation != r.invocation || s.usn != l.usn || s.state == gone || r.full && r.differs(s, l) {
			r.wanted[g] = true
		}
		if was && !l.group && !l.enabled && enabled(here, s.sid) {
			stopped[0]++
		}
	}
	for _, g := range r.lost {
		if s := r.seen[g]; s.group && s.state == kept || !s.group && enabled(here, s.sid) {
			stopped[index(s.group)]++
		}
	}
	r.report.WouldDisable = stopped[0]
	for i, what := range [...]string{"accounts would be disabled", "groups would lose all members"} {
		if stopped[i] > guardCount && stopped[i]*100 > known[i]*guardShare && !r.Confirm {
			r.held = int64(stopped[i])
			return entente.Errorf(entente.Conflict, "%d of %d %s: is that so, or is the base, the filter or the server wrong? Nothing was changed; entente ldap sync --confirm does it", stopped[i], known[i], what).Because(Held)
		}
	}
	return nil
}

// differs reports whether an object that did not change there should be read all
// the same: what stood in its way may be gone, or somebody changed here what is
// not his to change.
func (r *run) differs(s seen, l listed) bool {
	if s.state == refused || s.group {
		return s.state == refused
	}
	return enabled(r.Directory.Snapshot(), s.sid) != l.enabled
}

// Held is the reason of an error that an administrator has to decide about.
const Held entente.Reason = "ldap-sync-held"

// The guard: more than so many, and more than that share in percent, are not
// disabled without an administrator.
const (
	guardCount = 10
	guardShare = 10
)

func enabled(s *access.Snapshot, sid entente.SID) bool {
	a, ok := s.FindSID(sid)
	return ok && a.SID == sid && a.Enabled
}

func index(group bool) int {
	if group {
		return 1
	}
	return 0
}

// ensureRealm has the word of the domain's controllers count, where the
// configuration says so.
func (r *run) ensureRealm(ctx context.Context) error {
	if r.Realm == "" || r.dry {
		return nil
	}
	realms, err := r.Directory.Realms(ctx)
	if err != nil {
		return err
	}
	wanted := access.Realm{Name: r.Realm, DomainSID: r.domain.sid}
	for _, x := range realms {
		if x == wanted {
			return nil
		}
	}
	err = r.Directory.Update(ctx, func(c *directory.Change) error { return c.SetRealm(wanted) })
	var told *entente.Error
	if errors.As(err, &told) {
		return entente.Errorf(told.Kind, "realm %s: %s", r.Realm, told.Text)
	}
	return err
}
