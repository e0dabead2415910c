package outgoing

import "net/netip"

// special are the networks of IPv4, and within the global unicast space of
// IPv6, that are not the public Internet, or lead into IPv4 by a way of their
// own: IANA's special-purpose registries (RFC 6890 and what updates it).
var special = [...]string{
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // shared by carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, and clouds' metadata
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast

	"2001::/23",     // protocol assignments, Teredo
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4
	"3fff::/20",     // documentation
}

// public reports whether a is an address of the public Internet. Of IPv6 that
// is the global unicast space and nothing else, so that loopback, unique and
// link-local, mapped, compatible and translated (64:ff9b::/96, 64:ff9b:1::/48)
// addresses are not, nor what will be assigned some day.
func public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	if a.Is6() && a.As16()[0]>>5 != 1 { // 2000::/3
		return false
	}
	for _, s := range special {
		if netip.MustParsePrefix(s).Contains(a) {
			return false
		}
	}
	return true
}
