package demo

import (
	"fmt"
	"net/netip"
)

// announce puts a server into DNS: its own name and, for each of its
// organization's domains, where Autodiscover is (which clients find by SRV, since
// the port is not the usual one).
func (n *names) announce(hostname string, at netip.AddrPort, domains []string) error {
	if err := n.add(hostname, fmt.Sprintf("%s. A %s", hostname, at.Addr())); err != nil {
		return err
	}
	for _, d := range domains {
		if err := n.add(d, fmt.Sprintf("_autodiscover._tcp.%s. SRV 0 0 %d %s.", d, at.Port(), hostname)); err != nil {
			return err
		}
	}
	return nil
}
