//go:build !linux

package connections

import "net"

// ears are not there: who hangs up while he waits is found when he is answered.
type ears struct{}

func newEars() *ears { return nil }

func (*ears) listen(net.Conn, *Parked) uint64 { return 0 }
func (*ears) forget(*Parked)                  {}
func (*ears) close()                          {}
