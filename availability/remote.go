package availability

import (
	"errors"
	"maps"
	"slices"

	"entente"
)

// ask asks partners about the people of their domains, once, and spreads the
// answers. What fails, fails for those people only.
func (s *Service) ask(q *question, abroad map[entente.SMTPAddress][]int, out []Answer) {
	of := slices.Sorted(maps.Keys(abroad))
	found, err := s.Remote.FreeBusy(q.ctx, q.opener.Caller(), of, *q.Request)
	for _, address := range of {
		a, ok := found[address]
		switch {
		case err != nil:
			a = Answer{Err: partnerFailed(err)}
		case !ok:
			a = Answer{Err: unknown(string(address))}
		case a.Err == nil && a.Hours == nil:
			a.Hours = &q.hours
		}
		for _, i := range abroad[address] {
			out[i] = a
		}
	}
}

// partnerFailed says no more of a partner's failure than what was meant to be
// said.
func partnerFailed(err error) error {
	var e *entente.Error
	if errors.As(err, &e) {
		return err
	}
	return &entente.Error{Kind: entente.Unavailable, Reason: PartnerFailed, Text: "the other organization cannot be asked now", Err: err}
}

// kindOf returns the kind of an error, or none of them for nil and for errors
// that have none.
func kindOf(err error) entente.Kind {
	var e *entente.Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return entente.Internal
}
