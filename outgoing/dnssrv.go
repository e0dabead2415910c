package outgoing

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// maxServices bounds how many places of a service are looked at.
const maxServices = 32

// Services returns where a service is offered, as HOST:PORT, in the order in
// which they are to be tried: RFC 2782. None means that it is not offered.
func (d *DNS) Services(ctx context.Context, name string) ([]string, error) {
	a, err := d.Ask(ctx, name, dns.TypeSRV)
	if err != nil {
		return nil, err
	}
	var all []*dns.SRV
	for _, rr := range a.Records {
		// "." says that there decidedly is none.
		if s, ok := rr.(*dns.SRV); ok && s.Target != "." && len(all) < maxServices {
			all = append(all, s)
		}
	}
	// Within a priority a place is drawn by weight.
	drawn := map[*dns.SRV]float64{}
	for _, s := range all {
		drawn[s] = rand.ExpFloat64() / (float64(s.Weight) + 0.001)
	}
	slices.SortStableFunc(all, func(a, b *dns.SRV) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(drawn[a], drawn[b]))
	})
	var places []string
	for _, s := range all {
		host := strings.TrimSuffix(strings.ToLower(s.Target), ".")
		places = append(places, net.JoinHostPort(host, strconv.Itoa(int(s.Port))))
	}
	return places, nil
}
