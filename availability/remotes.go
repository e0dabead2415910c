package availability

import (
	"context"
	"maps"
	"sync"

	"entente"
	"entente/access"
)

// Remotes are several ways to ask about people who are not here, the one that
// is to be preferred first: an address is asked about by the first that takes it
// for a partner's, and by no other.
type Remotes []Remote

// Partner implements Remote.
func (r Remotes) Partner(address entente.SMTPAddress) bool { return r.by(address) != nil }

func (r Remotes) by(address entente.SMTPAddress) Remote {
	for _, remote := range r {
		if remote.Partner(address) {
			return remote
		}
	}
	return nil
}

// FreeBusy implements Remote. All are asked at once. What fails, fails for the
// people that one was asked about.
func (r Remotes) FreeBusy(ctx context.Context, as *access.Caller, of []entente.SMTPAddress, q Request) (map[entente.SMTPAddress]Answer, error) {
	shares := map[Remote][]entente.SMTPAddress{}
	for _, address := range of {
		if by := r.by(address); by != nil {
			shares[by] = append(shares[by], address)
		}
	}
	out := make(map[entente.SMTPAddress]Answer, len(of))
	var mu sync.Mutex
	var all sync.WaitGroup
	for remote, some := range shares {
		all.Go(func() {
			found, err := remote.FreeBusy(ctx, as, some, q)
			if err != nil {
				found = make(map[entente.SMTPAddress]Answer, len(some))
				for _, address := range some {
					found[address] = Answer{Err: partnerFailed(err)}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(out, found)
		})
	}
	all.Wait()
	return out, nil
}
