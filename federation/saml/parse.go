package saml

import (
	"slices"

	"entente/strictxml"
	"entente/xmlsec"
)

// A parser reads an assertion from canonical bytes, which have neither comments
// nor CDATA sections. What does not fit stops it.
type parser struct {
	r      *strictxml.Reader
	a      Assertion
	values int
	bad    bool
}

func parse(canonical []byte) (*Assertion, bool) {
	p := &parser{r: strictxml.NewReader(canonical, xmlsec.Limits())}
	if !p.r.Root() || !p.is("Assertion") {
		return nil, false
	}
	p.assertion()
	if p.r.Finish() != nil || p.bad {
		return nil, false
	}
	return &p.a, true
}

func (p *parser) is(local string) bool {
	return p.r.Name() == strictxml.Name{Space: Space, Local: local}
}

// must records whether something is as it has to be.
func (p *parser) must(ok bool) {
	if !ok {
		p.bad = true
		p.r.Fail(xmlsec.ErrRefused)
	}
}

func (p *parser) attr(name string) string {
	s, ok := p.r.Attr(name)
	p.must(ok && s != "" && len(s) <= maxText)
	return s
}

func (p *parser) text() string {
	s := p.r.Text()
	p.must(s != "" && len(s) <= maxText)
	return s
}

func (p *parser) assertion() {
	p.must(p.attr("MajorVersion") == "1" && p.attr("MinorVersion") == "1")
	p.a.ID, p.a.Issuer = p.attr("AssertionID"), p.attr("Issuer")
	var ok bool
	p.a.Issued, ok = parseTime(p.attr("IssueInstant"))
	p.must(ok)
	var conditions, attributes, authentication int
	name := ""
	for p.r.Child() {
		switch {
		case p.is("Conditions"):
			conditions++
			p.conditions()
		case p.is("AttributeStatement"):
			attributes++
			p.must(attributes == 1)
			p.statement()
		case p.is("AuthenticationStatement"):
			authentication++
			name = p.authentication()
		default: // Advice may be left aside, but nobody here writes it
			p.must(false)
			p.r.Skip()
		}
	}
	p.must(conditions == 1 && attributes == 1 && authentication <= 1)
	// Two statements about two people would be one's name and the other's address.
	p.must(authentication == 0 || name == p.a.Subject)
}

// conditions: SAML 1.1 core 2.3.2.
func (p *parser) conditions() {
	var ok1, ok2 bool
	p.a.NotBefore, ok1 = parseTime(p.attr("NotBefore"))
	p.a.NotAfter, ok2 = parseTime(p.attr("NotOnOrAfter"))
	p.must(ok1 && ok2)
	for p.r.Child() {
		p.must(p.is("AudienceRestrictionCondition") && p.a.Audience == "")
		n := 0
		for p.r.Child() {
			n++
			p.must(p.is("Audience"))
			p.a.Audience = p.text()
		}
		p.must(n == 1)
	}
}

// statement reads the attribute statement. SAML 1.1 core 2.4.4.
func (p *parser) statement() {
	subjects := 0
	for p.r.Child() {
		switch {
		case p.is("Subject"):
			subjects++
			p.a.Subject, p.a.Format = p.subject(true)
		case p.is("Attribute"):
			p.attribute()
		default:
			p.must(false)
			p.r.Skip()
		}
	}
	p.must(subjects == 1)
}

func (p *parser) attribute() {
	t := Attribute{Space: p.attr("AttributeNamespace"), Name: p.attr("AttributeName")}
	p.must(len(p.a.Attributes) < maxAttributes && !slices.ContainsFunc(p.a.Attributes, func(o Attribute) bool {
		return o.Space == t.Space && o.Name == t.Name
	}))
	for p.r.Child() {
		p.values++
		p.must(p.is("AttributeValue") && p.values <= maxValues)
		t.Values = append(t.Values, p.text())
	}
	p.must(len(t.Values) > 0)
	p.a.Attributes = append(p.a.Attributes, t)
}

// authentication returns whom the authentication statement is about; how he was
// authenticated is the issuer's business.
func (p *parser) authentication() (name string) {
	subjects := 0
	for p.r.Child() {
		p.must(p.is("Subject"))
		subjects++
		name, _ = p.subject(false)
	}
	p.must(subjects == 1)
	return name
}

// subject reads a Subject. Its confirmation counts in the attribute statement
// alone.
func (p *parser) subject(counts bool) (name, format string) {
	names, confirmations := 0, 0
	for p.r.Child() {
		switch {
		case p.is("NameIdentifier"):
			names++
			format, _ = p.r.Attr("Format")
			name = p.text()
		case p.is("SubjectConfirmation") && counts:
			confirmations++
			p.confirmation()
		case p.is("SubjectConfirmation"):
			p.r.Skip()
		default:
			p.must(false)
			p.r.Skip()
		}
	}
	p.must(names == 1 && confirmations <= 1 && len(format) <= maxText)
	return name, format
}

// confirmation reads how the subject is confirmed: by one method, with a key or
// without. SAML 1.1 core 2.4.2.3.
func (p *parser) confirmation() {
	methods, keys := 0, 0
	for p.r.Child() {
		switch {
		case p.is("ConfirmationMethod"):
			methods++
			p.a.Method = p.text()
		case p.r.Name() == strictxml.Name{Space: xmlsec.SpaceSignature, Local: "KeyInfo"}:
			keys++
			p.key()
		default:
			p.must(false)
			p.r.Skip()
		}
	}
	p.must(methods == 1)
	switch p.a.Method {
	case HolderOfKey:
		p.must(keys == 1)
	case Bearer, SenderVouches:
		p.must(keys == 0)
	default:
		p.must(false)
	}
}

// key takes the EncryptedKey out, with the declarations that it needs to stand
// alone.
func (p *parser) key() {
	n := 0
	for p.r.Child() {
		n++
		p.must(p.r.Name() == strictxml.Name{Space: xmlsec.SpaceEncryption, Local: "EncryptedKey"})
		key, err := xmlsec.Canonical(nil, p.r)
		p.must(err == nil)
		p.a.Key = key
	}
	p.must(n == 1)
}
