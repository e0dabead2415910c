package access

import (
	"time"

	"entente"
)

// Reasons of errors raised here, for the protocols' tables.
const (
	NoRight    entente.Reason = "no-right"
	NotVisible entente.Reason = "not-visible"
)

// A Question asks whether a caller may exercise rights on an object at a time.
// Folder is the permission table of the folder concerned, if one is; the
// mailbox hands it over.
type Question struct {
	Caller *Caller
	On     Object
	Want   Rights
	Folder *FolderTable
	At     time.Time
	// Server is the one that was called, for rights that are held at a server;
	// empty asks whether they are held at any.
	Server string
	// Change is what would be written, for EditItem; nil asks whether anything
	// may be.
	Change *ItemChange
	// Device is what is known of a DeviceObject.
	Device *Device
}

// maxSteps is more than any decision has: six about the caller, five about the
// mailbox, three or four about the folder, two about an item.
const maxSteps = 18

// A Decision is the answer to a Question, with every step that led to it.
// Steps are kept in a fixed array so that an allowed decision allocates
// nothing.
//
// The steps say it all: the answer is yes if every needed step holds and the
// rights given by steps that hold contain Want.
type Decision struct {
	On      Object
	Want    Rights
	Got     Rights       // all the caller holds on the object, wanted or not
	Fields  Fields       // of an item, that all wanted rights reach; none if the answer is no
	Device  DeviceAccess // of a device
	steps   [maxSteps]Step
	n       int
	allowed bool
	failed  bool // a needed step does not hold
	reason  entente.Reason
}

// A Step is one rule that was applied, with the fact it was applied to.
type Step struct {
	Rule   string
	Fact   string // an id, a SID, a setting: what the rule looked at
	Holds  bool
	Needed bool   // if it does not hold the answer is no, whatever else does
	Gives  Rights // if it holds
}

// Allowed reports whether the answer is yes.
func (d *Decision) Allowed() bool { return d.allowed }

// Reason returns why the answer is no: the first needed step that does not
// hold names it. It is empty if the answer is yes.
func (d *Decision) Reason() entente.Reason { return d.reason }

// Steps returns the rules in the order they were applied. All of them are
// applied, also after the answer is known, so that an administrator who
// removes one obstacle knows of the next.
func (d *Decision) Steps() []Step { return d.steps[:d.n] }

// Decide answers q.
func (s *Snapshot) Decide(q Question) Decision {
	d := Decision{On: q.On, Want: q.Want}
	s.decide(&q, &d)
	return d
}

// Ask decides, adds the decision to the request's trace, and returns the
// permit of an allowed one. Errors: NotFound with reason NotVisible or
// NonExistentMailbox, Denied with any other.
func (s *Snapshot) Ask(q Question, t *Trace) (Permit, error) {
	d := s.Decide(q)
	t.add(d)
	if !d.allowed {
		return Permit{}, d.Err()
	}
	return Permit{&question{s, q, t}}, nil
}

// Err returns what a refused caller may read; nil if the answer is yes.
func (d *Decision) Err() error {
	if d.allowed {
		return nil
	}
	switch d.reason {
	case NotVisible:
		if d.On.Kind == ItemObject {
			return entente.Errorf(entente.NotFound, "the item was not found").Because(NotVisible)
		}
		return entente.Errorf(entente.NotFound, "the folder was not found").Because(NotVisible)
	case FieldNotGranted, TimeNotGranted, LocationNotGranted:
		return notGranted(d.reason)
	case NonExistentMailbox:
		return entente.Errorf(entente.NotFound, "there is no such mailbox").Because(NonExistentMailbox)
	}
	return entente.Errorf(entente.Denied, "access is denied").Because(d.reason)
}

func (s *Snapshot) decide(q *Question, d *Decision) {
	who := s.identify(q, d, s.claimed(q.Caller, d))
	switch q.On.Kind {
	case MailboxObject:
		s.onMailbox(q, d, &who)
	case FolderObject:
		s.onMailbox(q, d, &who)
		s.onFolder(q, d, &who)
	case ItemObject:
		s.onMailbox(q, d, &who)
		s.onFolder(q, d, &who)
		s.onItem(q, d, &who)
	case ServerObject:
		s.onServer(q, d, &who)
	case DatabaseObject, AccountObject:
		s.onScope(q, d, &who)
	case OrganizationObject:
		s.onOrganization(q, d, &who)
	case DeviceObject:
		s.onDevice(q, d, &who)
	default:
		d.need("object-known", q.On.Name, false, NoRight)
	}
	d.conclude()
}

// conclude adds up the steps.
func (d *Decision) conclude() {
	if d.failed {
		d.Got = 0
	}
	d.allowed = d.Want != 0 && d.Got.Has(d.Want)
	if !d.allowed {
		d.Fields = 0
		if d.Device.State == DeviceAllowed { // the device is not what stands against it
			d.Device = DeviceAccess{}
		}
	}
	switch {
	case d.allowed:
		d.reason = ""
	case d.On.Kind == ItemObject && !d.failed && d.Got&ReadItem == 0:
		d.reason = NotVisible // whatever else there would be to say
	case d.reason != "":
	case d.On.Kind == FolderObject && d.Got&(FolderVisible|FolderOwner|ReadAny) == 0:
		d.reason = NotVisible
	default:
		d.reason = NoRight
	}
}

// need adds a step without which the answer is no; reason is why.
func (d *Decision) need(rule, fact string, holds bool, reason entente.Reason) {
	d.add(Step{Rule: rule, Fact: fact, Holds: holds, Needed: true})
	if !holds {
		d.failed = true
		if d.reason == "" {
			d.reason = reason
		}
	}
}

// give adds a step that gives rights if it holds.
func (d *Decision) give(rule, fact string, holds bool, r Rights) {
	d.add(Step{Rule: rule, Fact: fact, Holds: holds, Gives: r})
	if holds {
		d.Got |= r
	}
}

func (d *Decision) add(s Step) {
	if d.n < maxSteps {
		d.steps[d.n] = s
		d.n++
	}
}

// An identity is whose rights count.
type identity struct {
	party             // of no account if not of this organization
	local        bool // this process, acting as nobody
	by           party
	assignment   *assignment // under which by acts as account
	anonymous    bool
	external     bool                // somebody of another organization
	foreign      bool                // he comes by a delegation token
	mail         entente.SMTPAddress // his, if item grants for it count
	relationship *relationship       // that names his domain; nil if none does
}

// identify applies the rules about the caller himself: he must be known and
// enabled, and if he acts as another he must still be allowed to. From here on
// the caller's own rights are out of the question: nothing but the returned
// account's counts.
func (s *Snapshot) identify(q *Question, d *Decision, claimed []int32) identity {
	c := q.Caller
	switch {
	case c == nil:
		d.need("caller-known", "", false, NoRight)
		return identity{}
	case c.foreign():
		return s.identifyForeign(c, d)
	case c.Method == Local && c.ActsAs == nil:
		d.need("caller-known", string(Local), true, "")
		return identity{local: true}
	case c.Method != Local && c.External():
		d.need("caller-known", string(c.Authenticated.Mail), true, "")
		return identity{external: true, mail: c.partner()}
	case c.Method != Local && c.Authenticated.SID == "" && c.ActsAs == nil:
		d.need("caller-known", "anonymous", true, "")
		return identity{anonymous: true}
	case c.Method == Local:
		d.need("caller-known", string(Local), true, "")
		who := identity{party: party{account: s.bySID(c.ActsAs.SID)}}
		d.need("acts-as", string(c.ActsAs.SID), who.account != nil, NoRight)
		return who
	}
	by := s.bySID(c.Authenticated.SID)
	d.need("caller-known", string(c.Authenticated.SID), by != nil, CallerIsInvalidADAccount)
	d.need("caller-enabled", string(c.Authenticated.SID), by != nil && by.mayCome(), NoRight)
	if c.ActsAs == nil {
		return identity{party: party{by, claimed}}
	}
	who := identity{party: party{account: s.bySID(c.ActsAs.SID)}, by: party{by, claimed}}
	s.actsAs(q, d, &who)
	return who
}

// onOrganization is about the organization's settings, and about the gate of
// a protocol, whose name the object then has.
func (s *Snapshot) onOrganization(q *Question, d *Decision, who *identity) {
	admin := who.local || who.account != nil && s.isAdmin(&who.party)
	d.give("administrator", who.sid(), admin, Administer)
	if q.Want&Enter != 0 {
		s.gate(q, d, who)
	}
}

// sid returns the SID of whose rights count, for steps.
func (i *identity) sid() string {
	if i.account == nil {
		return ""
	}
	return string(i.SID)
}
