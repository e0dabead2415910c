package easserver

import (
	"entente/activesync/wbxml"
)

// searchMailbox looks for items in the mailbox. [MS-ASCMD] 2.2.3.142.2
func (c *call) searchMailbox(*wbxml.Element) (found, error) {
	return found{status: searchBlocked}, nil
}

// findMailbox looks for items in the mailbox, as 16.1 asks. [MS-ASCMD] 2.2.3.99
func (c *call) findMailbox(*wbxml.Element) (found, error) {
	return found{status: findInvalid}, nil
}
