package kdctest

import (
	"errors"
	"fmt"
	"testing"
)

// Trust has people of another realm get tickets for the services of this one, and
// not the other way round: both get the key between them, RFC 4120 1.2. Both
// realms are the test's own, of Heimdal or MIT. Returned is what KRB5_CONFIG has to
// be for programs of others that use both, those of the other realm first.
func (r *Realm) Trust(tb testing.TB, other *Realm) (config string) {
	tb.Helper()
	principal := fmt.Sprintf("krbtgt/%s@%s", r.Name, other.Name)
	for _, side := range []*Realm{r, other} {
		k, ok := side.kind.(interface {
			between(r *Realm, principal, password string) error
		})
		if !ok {
			tb.Fatal(errors.New("this kind of realm trusts nobody here"))
		}
		side.must(tb, k.between(side, principal, "Between-Pass!3"))
	}
	return other.Config + ":" + r.Config
}

func (k heimdal) between(r *Realm, principal, password string) error {
	return k.kadmin(r, fmt.Sprintf("add -p %s --use-defaults %s\n", password, principal))
}

func (k mit) between(r *Realm, principal, password string) error {
	return k.kadmin(r, fmt.Sprintf("addprinc -pw %s %s\n", password, principal))
}
