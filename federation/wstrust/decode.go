package wstrust

import (
	"encoding/base64"
	"strings"

	"entente/strictxml"
	"entente/xmlsec"
)

// A decoder reads a request or a response. The first thing that is not as it
// must be stops it.
type decoder struct {
	r       *strictxml.Reader
	v       Version
	problem *problem
}

// A problem is what is wrong with a message, in the words of a fault.
type problem struct{ code, own, text string }

func (p *problem) Error() string { return p.text }

func (d *decoder) refuse(code, own, text string) {
	if d.problem == nil && d.r.Err() == nil {
		d.problem = &problem{code, own, text}
		d.r.Fail(d.problem)
	}
}

// invalid stops for what is wrong with the form.
func (d *decoder) invalid(what string) { d.refuse(InvalidRequest, "invalid-request", what) }

func (d *decoder) want(ok bool, otherwise string) {
	if !ok {
		d.invalid(otherwise)
	}
}

// trust reports whether the current element has that name in WS-Trust.
func (d *decoder) trust(local string) bool {
	return d.r.Name() == strictxml.Name{Space: d.v.space(), Local: local}
}

func (d *decoder) text() string {
	local := d.r.Name().Local
	s := strings.TrimSpace(d.r.Text())
	d.want(s != "" && len(s) <= maxText, local+" is empty, or too long")
	return s
}

// target reads AppliesTo: the address of an endpoint reference.
func (d *decoder) target() (address string) {
	references := 0
	for d.r.Child() {
		if d.r.Name() != (strictxml.Name{Space: spaceAddressing, Local: "EndpointReference"}) {
			d.r.Skip()
			continue
		}
		references++
		addresses := 0
		for d.r.Child() {
			if d.r.Name() != (strictxml.Name{Space: spaceAddressing, Local: "Address"}) {
				d.r.Skip()
				continue
			}
			addresses++
			address = d.text()
		}
		d.want(addresses == 1, "AppliesTo has not one address")
	}
	d.want(references == 1, "AppliesTo has not one endpoint reference")
	return address
}

// entropy reads what a side gave to the key.
func (d *decoder) entropy() (b []byte) {
	n := 0
	for d.r.Child() {
		n++
		d.want(d.trust("BinarySecret"), "Entropy has no BinarySecret")
		b = d.secret()
	}
	d.want(n == 1, "Entropy has not one BinarySecret")
	return b
}

// secret reads a BinarySecret. WS-Trust 3.3.
func (d *decoder) secret() []byte {
	b, err := base64.StdEncoding.Strict().DecodeString(d.text())
	d.want(err == nil && len(b) >= minEntropy && len(b) <= maxEntropy, "a secret is no base64, too short or too long")
	return b
}

// element takes the one child of an element out, so that it can stand alone.
func (d *decoder) element(space, local string) (b []byte) {
	n := 0
	for d.r.Child() {
		n++
		d.want(d.r.Name() == strictxml.Name{Space: space, Local: local}, "an element other than "+local)
		var err error
		b, err = xmlsec.Canonical(nil, d.r)
		d.want(err == nil, local+" has what canonical form has not")
	}
	d.want(n == 1, "there is not one "+local)
	return b
}
