package directory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// load swaps in the present state, unless one of at least the wanted generation
// is in place already; 0 wants everything read in any case. What the log tells
// is all that is read, if this node can go on from where it is.
func (d *Directory) load(ctx context.Context, want uint64) error {
	d.loading.Lock()
	defer d.loading.Unlock()
	old := d.now.Load()
	if old != nil && want != 0 && old.snapshot.Generation() >= want {
		return nil
	}
	var next *state
	err := d.db.View(ctx, func(tx *db.Tx) (err error) {
		next = nil
		if want != 0 {
			if next, err = d.advance(tx, old); err != nil && !errors.Is(err, errStale) {
				return err
			}
		}
		if next == nil {
			next, err = d.whole(tx)
		}
		return err
	})
	if err != nil {
		return err
	}
	d.install(next)
	return nil
}

// install swaps a state in. The loading lock is held.
func (d *Directory) install(next *state) {
	next.hash = d.hashOf(next)
	old := d.now.Swap(next)
	if old != nil {
		close(old.replaced)
	}
	if next.altered && (old == nil || !old.altered) { // once, not with every load
		d.failed(fmt.Errorf("generation %d: %w", next.snapshot.Generation(), ErrAltered))
	}
	if c := d.installed.Load(); c != nil {
		select {
		case *c <- struct{}{}:
		default: // it is told already
		}
	}
}

// whole reads the state as it was committed.
func (d *Directory) whole(tx *db.Tx) (*state, error) {
	r, rows, err := d.readAll(tx)
	if err != nil {
		return nil, err
	}
	s := newState()
	if d.seal != nil {
		ok, err := d.bearsMark(tx, rows.total, r.facts.Generation)
		if err != nil {
			return nil, err
		}
		s.altered = !ok
	}
	if s.altered {
		r.facts.Assignments, r.facts.Relationships, r.facts.SharingPolicies = nil, nil, nil
	}
	members := make(map[entente.SID][]entente.SID, len(r.facts.Groups))
	for _, g := range r.facts.Groups {
		members[g.SID] = g.Members
	}
	hashes := make(map[string][32]byte, len(r.tokens))
	for h, t := range r.tokens {
		hashes[t.ID] = h
	}
	s.snapshot = access.Compile(r.facts)
	s.epochs, s.members = newShards(r.epochs), newShards(members)
	s.tokens, s.hashes = newShards(r.tokens), newShards(hashes)
	s.domains, s.standard, s.places, s.rows = r.domains, r.standard, r.places, rows
	s.sites, s.virtual = r.sites, r.virtual
	return &s, nil
}

// readAll reads all facts of a generation and, in a sealed directory, sums up
// their rows.
func (d *Directory) readAll(tx *db.Tx) (*reader, ledger, error) {
	m, l := d.newLedger()
	r := newReader(tx, m)
	if err := r.tx.QueryRow(`SELECT generation FROM directory_organization WHERE id = 1`).Scan(&r.facts.Generation); err != nil {
		return nil, l, err
	}
	if err := r.readAll(); err != nil {
		return nil, l, fmt.Errorf("read directory: %w", err)
	}
	if m != nil {
		l.total, l.tags = *m.total, newShards(m.known)
	}
	return r, l, nil
}

// readTotal reads all rows to sum them up, and keeps none.
func (d *Directory) readTotal(tx *db.Tx) (generation uint64, sum total, err error) {
	m := d.marker()
	m.done = func(_ kind, _ []byte, t tag) { m.replace(&sum, nil, t[:]) }
	if err := tx.QueryRow(`SELECT generation FROM directory_organization WHERE id = 1`).Scan(&generation); err != nil {
		return 0, sum, err
	}
	for k := organizationRows; k <= lastRows; k++ {
		if err := newReader(tx, m).readKind(k); err != nil {
			return 0, sum, fmt.Errorf("read directory: %w", err)
		}
	}
	return generation, sum, nil
}

// errStale is why a state cannot be gone on from: what the log tells is not
// what the tables hold. The whole is read then, and says whether something is
// wrong.
var errStale = errors.New("the log does not lead to the tables")

// advance returns the present state, made from an older one and from what has
// changed since; nil if that is not known.
func (d *Directory) advance(tx *db.Tx, from *state) (*state, error) {
	if from == nil || from.altered {
		return nil, nil
	}
	var generation uint64
	if err := tx.QueryRow(`SELECT generation FROM directory_organization WHERE id = 1`).Scan(&generation); err != nil {
		return nil, err
	}
	entries, ok, err := readLog(tx, from.snapshot.Generation(), generation)
	if err != nil || !ok {
		return nil, err
	}
	a := &advancing{d: d, from: from, next: *from, r: newReader(tx, d.marker())}
	a.next.replaced = make(chan struct{})
	if m := a.r.marker; m != nil {
		if a.next.rows, ok, err = d.follow(tx, m, from, generation); err != nil || !ok {
			return nil, err
		}
		m.done = a.found
	}
	a.delta.Generation = generation
	if err := a.read(entries); err != nil {
		return nil, err
	}
	a.next.snapshot = from.snapshot.With(a.delta)
	return &a.next, nil
}

// advancing is a state being made from an older one.
type advancing struct {
	d     *Directory
	from  *state
	next  state
	r     *reader
	delta access.Delta
	tag   []byte // of the unit that was read last, nil for none
	all   bool   // a whole kind is read
	stale bool
}

// found is told of every unit that is read.
func (a *advancing) found(k kind, key []byte, t tag) {
	a.tag = t[:]
	if a.all && !a.next.rows.has(unit{k, string(key)}, t[:]) {
		a.stale = true
	}
}

// one reads a unit, which must be as it was marked.
func (a *advancing) one(u unit) error {
	a.tag = nil
	if err := a.r.read(u); err != nil {
		return err
	}
	if a.r.marker != nil && !a.next.rows.has(u, a.tag) {
		return errStale
	}
	return nil
}

// kind reads all units of a kind.
func (a *advancing) kind(k kind) error {
	a.all = true
	err := a.r.readKind(k)
	a.all = false
	if err == nil && a.stale {
		err = errStale
	}
	return err
}

// read reads what the entries are about, in an order in which what belongs
// together follows one another.
func (a *advancing) read(entries []entry) error {
	units := make([]unit, 0, len(entries))
	for _, e := range entries {
		u := e.unit
		switch u.kind { // what an account or a group is made of is read with it
		case addressRows, sharedRows, identityRows, deviceRows:
			u.kind = accountRows
		case memberRows:
			group, _, _ := strings.Cut(u.key, " ")
			units = append(units, unit{groupRows, group})
		}
		units = append(units, u)
	}
	slices.SortFunc(units, func(x, y unit) int {
		return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(x.key, y.key))
	})
	units = slices.Compact(units)
	for len(units) > 0 {
		n := 1
		for n < len(units) && units[n].kind == units[0].kind {
			n++
		}
		if err := a.group(units[0].kind, units[:n], units[n:]); err != nil {
			return err
		}
		units = units[n:]
	}
	return nil
}

// group reads the units of one kind; rest are those of the kinds after it.
func (a *advancing) group(k kind, units, rest []unit) error {
	f, delta := &a.r.facts, &a.delta
	switch k {
	case accountRows:
		return a.accounts(units)
	case groupRows:
		return a.groups(units, rest)
	case memberRows: // with their groups
		return nil
	case permissionRows:
		return a.permissions(units)
	case tokenRows:
		return a.tokens(units)
	case assignmentRows, scopeRows, itemGrantRows:
		return a.named(k, units)
	}
	if err := a.kind(k); err != nil {
		return err
	}
	switch k {
	case organizationRows:
		delta.Organization = &f.Organization
	case domainRows:
		a.next.domains, a.next.standard = a.r.domains, a.r.standard
	case placeRows:
		a.next.places = a.r.places
	case virtualRows:
		a.next.virtual = a.r.virtual
	case serverRows:
		delta.Servers, delta.SetServers = f.Servers, true
		a.next.sites = a.r.sites
	case databaseRows:
		delta.Databases, delta.SetDatabases = f.Databases, true
	case administratorRows:
		delta.Administrators, delta.SetAdministrators = f.Administrators, true
	case policyRows:
		delta.Policies, delta.SetPolicies = f.Policies, true
	case realmRows:
		delta.Realms, delta.SetRealms = f.Realms, true
	case relationshipRows:
		delta.Relationships, delta.SetRelationships = f.Relationships, true
	case sharingRows:
		delta.SharingPolicies, delta.SetSharingPolicies = f.SharingPolicies, true
	case deviceOrgRows:
		delta.Devices = &f.Devices
	case deviceRuleRows:
		delta.DeviceRules, delta.SetDeviceRules = f.DeviceRules, true
	case mobilePolicyRows:
		delta.MobilePolicies, delta.SetMobilePolicies = f.MobilePolicies, true
	}
	return nil
}

func (a *advancing) accounts(units []unit) error {
	epochs := map[entente.SID]edit[int64]{}
	for _, u := range units {
		sid := entente.SID(u.key)
		n := len(a.r.facts.Accounts)
		if err := a.one(u); err != nil {
			return err
		}
		if len(a.r.facts.Accounts) == n {
			if _, known := a.from.epochs.get(sid); known { // else the addresses are a group's
				a.delta.DropAccounts = append(a.delta.DropAccounts, sid)
				epochs[sid] = edit[int64]{gone: true}
			}
			continue
		}
		a.r.at.account, a.r.at.shared, a.r.at.identity, a.r.at.device = n, n, n, n
		if err := a.one(addressUnit(sid)); err != nil {
			return err
		}
		if err := a.one(sharedUnit(sid)); err != nil {
			return err
		}
		if err := a.one(identityUnit(sid)); err != nil {
			return err
		}
		if err := a.one(deviceUnit(sid)); err != nil {
			return err
		}
		epochs[sid] = edit[int64]{value: a.r.epochs[sid]}
	}
	a.delta.PutAccounts = a.r.facts.Accounts
	a.next.epochs = a.next.epochs.with(epochs)
	return nil
}

// groups reads groups again, and of their members only those that came or went:
// a group of everyone is not read for one of them.
func (a *advancing) groups(units, rest []unit) error {
	members := map[entente.SID]edit[[]entente.SID]{}
	for _, u := range units {
		sid := entente.SID(u.key)
		n := len(a.r.facts.Groups)
		if err := a.one(u); err != nil {
			return err
		}
		if len(a.r.facts.Groups) == n {
			a.delta.DropGroups = append(a.delta.DropGroups, sid)
			members[sid] = edit[[]entente.SID]{gone: true}
			continue
		}
		a.r.at.group = n
		old, _ := a.from.members.get(sid)
		changed := map[entente.SID]bool{}
		for _, m := range rest {
			if m.kind == memberRows && strings.HasPrefix(m.key, u.key+" ") {
				changed[entente.SID(m.key[len(u.key)+1:])] = true
				if err := a.one(m); err != nil {
					return err
				}
			}
		}
		g := &a.r.facts.Groups[n]
		g.Members = merged(old, changed, g.Members)
		members[sid] = edit[[]entente.SID]{value: g.Members}
	}
	a.delta.PutGroups = a.r.facts.Groups
	a.next.members = a.next.members.with(members)
	return nil
}

// merged returns the members that were there and did not change, and those that
// were found of the ones that did. All are in order.
func merged(old []entente.SID, changed map[entente.SID]bool, found []entente.SID) []entente.SID {
	if len(changed) == 0 {
		return old
	}
	all := make([]entente.SID, 0, len(old)+len(found))
	for _, m := range old {
		for len(found) > 0 && found[0] < m {
			all, found = append(all, found[0]), found[1:]
		}
		if !changed[m] {
			all = append(all, m)
		}
	}
	return append(all, found...)
}

func (a *advancing) permissions(units []unit) error {
	a.delta.PutPermissions = map[entente.MailboxID][]access.MailboxPermission{}
	for _, u := range units {
		a.r.facts.Permissions = nil
		if err := a.one(u); err != nil {
			return err
		}
		a.delta.PutPermissions[u.mailbox()] = a.r.facts.Permissions
	}
	return nil
}

func (a *advancing) tokens(units []unit) error {
	tokens, hashes := map[[32]byte]edit[Token]{}, map[string]edit[[32]byte]{}
	for _, u := range units {
		if h, ok := a.from.hashes.get(u.key); ok {
			tokens[h] = edit[Token]{gone: true}
			hashes[u.key] = edit[[32]byte]{gone: true}
		}
		if err := a.one(u); err != nil {
			return err
		}
	}
	for h, t := range a.r.tokens {
		tokens[h] = edit[Token]{value: t}
		hashes[t.ID] = edit[[32]byte]{value: h}
	}
	a.next.tokens, a.next.hashes = a.next.tokens.with(tokens), a.next.hashes.with(hashes)
	return nil
}

// named reads units that are one row each, under a name or id.
func (a *advancing) named(k kind, units []unit) error {
	f, delta := &a.r.facts, &a.delta
	count := func() int { return len(f.Assignments) + len(f.Scopes) + len(f.ItemGrants) }
	for _, u := range units {
		n := count()
		if err := a.one(u); err != nil {
			return err
		}
		if count() > n {
			continue
		}
		switch k {
		case assignmentRows:
			delta.DropAssignments = append(delta.DropAssignments, u.key)
		case scopeRows:
			delta.DropScopes = append(delta.DropScopes, u.key)
		default:
			delta.DropItemGrants = append(delta.DropItemGrants, u.key)
		}
	}
	delta.PutAssignments, delta.PutScopes, delta.PutItemGrants = f.Assignments, f.Scopes, f.ItemGrants
	return nil
}

// newLedger returns a marker that adds up all that is read, and the ledger that
// its total and what it knows of the units belong to; both are empty without a
// seal.
func (d *Directory) newLedger() (*marker, ledger) {
	m := d.marker()
	if m == nil {
		return nil, ledger{}
	}
	m.total, m.known = &total{}, map[uint64]uint64{}
	m.done = func(k kind, key []byte, t tag) {
		m.known[id(d.seed, k, key)] = short(t[:])
		m.replace(m.total, nil, t[:])
	}
	return m, ledger{seed: d.seed}
}
