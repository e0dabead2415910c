package ewsserver

import (
	"entente/ews"
	"entente/mailbox"
)

// A paging is which part of a list a request wants, and how it counts.
type paging struct {
	mailbox.Paging
	indexed                bool
	numerator, denominator int // of a fraction; 0 otherwise
}

func maxEntries(n *int) (int, error) {
	if n == nil {
		return 0, nil
	}
	if *n < 1 {
		return 0, &ews.Fault{Code: ews.ErrorInvalidPagingMaxRows}
	}
	return min(*n, mailbox.MaxPage), nil
}

// indexedPaging counts from either end. [MS-OXWSSRCH] 2.2.4.20
func indexedPaging(v *ews.IndexedPageView) (paging, error) {
	if v.Offset < 0 {
		return paging{}, &ews.Fault{Code: ews.ErrorInvalidIndexedPagingParameters}
	}
	n, err := maxEntries(v.MaxEntriesReturned)
	return paging{
		Paging:  mailbox.Paging{Offset: v.Offset, Max: n, FromEnd: v.BasePoint == ews.BasePointEnd},
		indexed: true,
	}, err
}

// fractionalPaging starts some part of the way into the list.
// [MS-OXWSSRCH] 2.2.4.18
func fractionalPaging(v *ews.FractionalPageView) (paging, error) {
	if v.Denominator < 1 || v.Numerator < 0 || v.Numerator > v.Denominator {
		return paging{}, &ews.Fault{Code: ews.ErrorInvalidFractionalPagingParameters}
	}
	n, err := maxEntries(v.MaxEntriesReturned)
	return paging{Paging: mailbox.Paging{Max: n}, numerator: v.Numerator, denominator: v.Denominator}, err
}

func (p *paging) fraction() bool { return p.denominator > 0 }

// at is where the fraction of a list of so many begins.
func (p *paging) at(total int) int {
	return int(int64(total) * int64(p.numerator) / int64(p.denominator))
}

// answer tells where the page stands; next is where to go on.
func (p *paging) answer(next, total int, last bool) ews.FindResponsePaging {
	a := ews.FindResponsePaging{IncludesLastItemInRange: &last, TotalItemsInView: &total}
	switch {
	case p.fraction():
		a.NumeratorOffset, a.AbsoluteDenominator = &next, &total
	case p.indexed || p.Seek != nil:
		a.IndexedPagingOffset = &next
	}
	return a
}
