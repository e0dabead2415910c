package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"entente"
	"entente/admin"
	"entente/admin/adminclient"
)

// enableFederation takes an organization from nothing to free/busy with its first
// partner, step by step. It keeps nothing itself: each step looks at what the
// server has, does what is missing and says so, so that it can be stopped
// anywhere and called again.
type enableFederation struct {
	Broker    string        `help:"https address of the trust broker." placeholder:"URL"`
	Name      string        `help:"What the trust is called." default:"broker"`
	Namespace string        `help:"Domain that names the organization to its partners; the default accepted domain if none is named." placeholder:"DOMAIN"`
	Domains   []string      `name:"domain" help:"Accepted domains to federate; all if none is named." placeholder:"DOMAIN"`
	Contact   string        `help:"Who looks after federation and is told of it." placeholder:"ADDRESS"`
	Wait      time.Duration `help:"How long to wait for the records to appear in DNS, such as 10m."`
	Partner   string        `help:"A domain of the first partner." placeholder:"DOMAIN"`
	Level     string        `help:"The most that it is shown: AvailabilityOnly or LimitedDetails." default:"AvailabilityOnly" enum:"AvailabilityOnly,LimitedDetails"`
	As        string        `help:"Account here in whose name the test asks." placeholder:"ACCOUNT"`
	About     string        `help:"Address at the partner that the test asks about." placeholder:"ADDRESS"`
	Yes       bool          `help:"Ask nothing: what is not said in flags and has no default is an error."`
}

// Run does what is missing.
func (c *enableFederation) Run(t *terminal, socket adminFlag) error {
	e := &enabling{enableFederation: c, t: t, api: adminclient.New(string(socket)), in: bufio.NewReader(t.in)}
	for i, step := range []struct {
		what string
		do   func() error
	}{
		{"Trust in the broker, with a certificate", e.trust},
		{"Account namespace", e.namespace},
		{"Federated domains", e.domains},
		{"Proofs in DNS", e.proofs},
		{"Relationship with the first partner", e.relate},
		{"Test", e.test},
	} {
		fmt.Fprintf(t.out, "\n%d/6 %s\n", i+1, step.what)
		if err := step.do(); err != nil {
			return withHint(err, "what is done stays; entente federation enable goes on from here")
		}
	}
	fmt.Fprintln(t.out, "\nFederation is enabled.")
	return nil
}

// enabling is the command at work.
type enabling struct {
	*enableFederation
	t    *terminal
	api  *adminclient.Client
	in   *bufio.Reader
	info admin.FederationInfo
}

func (e *enabling) say(format string, args ...any) { fmt.Fprintf(e.t.out, "    "+format+"\n", args...) }

// want returns a value that a flag gave, or asks for it. An empty answer is the
// default.
func (e *enabling) want(value *string, question, flag, preset string) error {
	if *value != "" {
		return nil
	}
	if e.Yes {
		if *value = preset; preset == "" {
			return entente.Errorf(entente.Invalid, "%s: say it with %s", question, flag)
		}
		return nil
	}
	if preset != "" {
		question += " [" + preset + "]"
	}
	fmt.Fprintf(e.t.out, "    %s: ", question)
	line, err := e.in.ReadString('\n')
	switch {
	case errors.Is(err, io.EOF) && line == "":
		fmt.Fprintln(e.t.out)
		return entente.Errorf(entente.Invalid, "nobody answers here; say everything in flags, with --yes")
	case err != nil && !errors.Is(err, io.EOF):
		return err
	}
	if *value = strings.TrimSpace(line); *value == "" {
		*value = preset
	}
	return nil
}

// look reads what the server has now.
func (e *enabling) look() error {
	return e.api.Call(e.t.ctx, "federation", "show", admin.Nothing{}, &e.info)
}

func (e *enabling) trust() error {
	err := e.look()
	if err == nil {
		e.say("done before: AppID %s at %s", e.info.AppID, e.info.Broker)
		return nil
	}
	var known *entente.Error
	if !errors.As(err, &known) || known.Kind != entente.NotFound {
		return err
	}
	if err := e.want(&e.Broker, "Address of the trust broker", "--broker", ""); err != nil {
		return err
	}
	if e.Broker == "" {
		return entente.Errorf(entente.Invalid, "there is no federation without a broker: --broker https://HOST")
	}
	var made admin.FederationCreated
	q := admin.CreateFederation{Name: e.Name, Broker: e.Broker, Domain: e.Namespace, Contact: e.Contact}
	if err := e.api.Call(e.t.ctx, "federation", "create", q, &made); err != nil {
		return err
	}
	e.say("AppID       %s\n    AdminKey    %s\n    Certificate %s", made.AppID, made.AdminKey, made.Thumbprint)
	e.say("%s", made.Note)
	return e.look()
}

// accepted are the organization's domains, the default one first.
func (e *enabling) accepted() (names []string, err error) {
	var all []admin.DomainInfo
	if err := e.api.Call(e.t.ctx, "domain", "list", admin.Nothing{}, &all); err != nil {
		return nil, err
	}
	for _, d := range all {
		if d.Default {
			names = slices.Insert(names, 0, d.Name)
		} else {
			names = append(names, d.Name)
		}
	}
	if len(names) == 0 {
		return nil, entente.Errorf(entente.Invalid, "the organization has no domain: entente domain add DOMAIN")
	}
	return names, nil
}

func (e *enabling) namespace() error {
	if e.info.AccountNamespace != "" {
		e.say("done before: %s", e.info.ApplicationURI)
		return e.on()
	}
	names, err := e.accepted()
	if err != nil {
		return err
	}
	if err := e.want(&e.Namespace, "Domain that names the organization to its partners", "--namespace", names[0]); err != nil {
		return err
	}
	var d admin.FederatedDomain
	if err := e.api.Call(e.t.ctx, "federation", "namespace", admin.DomainName{Name: e.Namespace}, &d); err != nil {
		return err
	}
	if err := e.look(); err != nil {
		return err
	}
	e.say("%s", e.info.ApplicationURI)
	return e.on()
}

// on switches federation on, if somebody switched it off.
func (e *enabling) on() error {
	if e.info.Enabled {
		return nil
	}
	var done admin.Done
	return e.api.Call(e.t.ctx, "federation", "switch-on", admin.Nothing{}, &done)
}

func (e *enabling) domains() error {
	names, err := e.accepted()
	if err != nil {
		return err
	}
	if len(e.Domains) == 0 {
		text := ""
		if err := e.want(&text, "Domains to federate, with commas", "--domain", strings.Join(names, ",")); err != nil {
			return err
		}
		for d := range strings.SplitSeq(text, ",") {
			e.Domains = append(e.Domains, strings.ToLower(strings.TrimSpace(d)))
		}
	}
	for _, d := range e.Domains {
		if slices.ContainsFunc(e.info.Domains, func(f admin.FederatedDomain) bool { return f.Domain == d }) {
			e.say("%s: done before", d)
			continue
		}
		var added admin.FederatedDomain
		if err := e.api.Call(e.t.ctx, "federation", "add-domain", admin.DomainName{Name: d}, &added); err != nil {
			return fmt.Errorf("%s: %w", d, err)
		}
		e.say("%s: %s", d, added.State)
	}
	return e.look()
}

const (
	scopedName = "_entente-federation." // of the record that holds whatever the certificate is
	active     = "Active"
	checkEvery = 5 * time.Second
)

// proofs waits until the broker has found the proof of every domain.
func (e *enabling) proofs() error {
	missing := e.missing()
	if len(missing) == 0 {
		e.say("all found")
		return nil
	}
	e.say("Put these records into DNS, each in its domain's zone:\n")
	for _, d := range missing {
		if d.Scoped != "" {
			fmt.Fprintf(e.t.out, "%s%s. IN TXT \"%s\"\n", scopedName, d.Domain, d.Scoped)
		} else {
			fmt.Fprintf(e.t.out, "%s. IN TXT \"%s\"\n", d.Domain, d.Proof)
		}
	}
	fmt.Fprintln(e.t.out)
	for end := time.Now().Add(e.Wait); ; {
		if err := e.check(); err != nil {
			return err
		}
		missing = e.missing()
		if len(missing) == 0 {
			return nil
		}
		if !e.again(end) {
			d := missing[0]
			return entente.Errorf(entente.Unavailable, "the proof of %s is not in DNS yet: %s", d.Domain, d.Problem)
		}
	}
}

func (e *enabling) missing() (all []admin.FederatedDomain) {
	for _, d := range e.info.Domains {
		if d.State != active {
			all = append(all, d)
		}
	}
	return all
}

// check has the broker look for the proofs that are missing.
func (e *enabling) check() error {
	for _, d := range e.missing() {
		var now admin.FederatedDomain
		if err := e.api.Call(e.t.ctx, "federation", "check-domain", admin.DomainName{Name: d.Domain}, &now); err != nil {
			return fmt.Errorf("%s: %w", d.Domain, err)
		}
		if now.State == active {
			e.say("%s: found", d.Domain)
		}
	}
	return e.look()
}

// again waits before the next look, and reports whether there is one.
func (e *enabling) again(end time.Time) bool {
	if left := time.Until(end); left > 0 {
		wait := time.NewTimer(min(checkEvery, left))
		defer wait.Stop()
		fmt.Fprintf(e.t.err, "waiting for DNS, %v more\n", left.Round(time.Second))
		select {
		case <-wait.C:
			return true
		case <-e.t.ctx.Done():
			return false
		}
	}
	if e.Yes {
		return false
	}
	answer := ""
	if err := e.want(&answer, "Enter looks again, s stops here", "", "look"); err != nil {
		return false
	}
	return answer == "look"
}

func (e *enabling) relate() error {
	if e.Partner == "" && !e.Yes {
		if err := e.want(&e.Partner, "A domain of the first partner, empty for none", "--partner", ""); err != nil {
			return err
		}
	}
	if e.Partner == "" {
		e.say("none: entente relationship create makes one later")
		return nil
	}
	var all []admin.RelationshipInfo
	if err := e.api.Call(e.t.ctx, "relationship", "list", admin.Nothing{}, &all); err != nil {
		return err
	}
	for _, r := range all {
		if slices.Contains(r.Domains, e.Partner) {
			e.say("done before: %s", r.Name)
			e.Partner = r.Name
			return nil
		}
	}
	q := admin.CreateRelationship{RelationshipName: admin.RelationshipName{Name: e.Partner}, FromInformation: e.Partner}
	q.FreeBusy, q.FreeBusyLevel = "on", e.Level
	var made admin.RelationshipInfo
	if err := e.api.Call(e.t.ctx, "relationship", "create", q, &made); err != nil {
		return err
	}
	e.say("%s: %s with %s", made.Name, e.Level, strings.Join(made.Domains, ", "))
	return nil
}

// test tries the trust and, if there is a partner, asks it.
func (e *enabling) test() error {
	var trust []admin.FederationTrial
	if err := e.api.Call(e.t.ctx, "federation", "test", admin.TestFederation{As: e.As}, &trust); err != nil {
		return err
	}
	bad := ""
	for _, c := range trust {
		e.say("%-8s %s: %s", c.Type, c.ID, c.Message)
		if c.Type == "Error" && bad == "" {
			bad = c.Message
		}
	}
	if bad != "" {
		return entente.Errorf(entente.Unavailable, "the trust does not work: %s", bad)
	}
	if e.Partner == "" {
		return nil
	}
	if e.As == "" || e.About == "" {
		e.say("entente relationship test %s --user ACCOUNT --about ADDRESS asks the partner; it needs its side of the relationship too", e.Partner)
		return nil
	}
	var tested admin.RelationshipTested
	q := admin.TestRelationship{RelationshipName: admin.RelationshipName{Name: e.Partner}, User: e.As, About: e.About}
	if err := e.api.Call(e.t.ctx, "relationship", "test", q, &tested); err != nil {
		return err
	}
	if err := show(e.t.out, tested.Hops); err != nil {
		return err
	}
	if !tested.OK {
		return entente.Errorf(entente.Unavailable, "%s", tested.Closing)
	}
	e.say("%s", tested.Closing)
	return nil
}
