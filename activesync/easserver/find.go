package easserver

import (
	"entente/activesync"
	"entente/activesync/wbxml"
)

// Statuses of Find. [MS-ASCMD] 2.2.3.177.2
const (
	findInvalid    activesync.Status = 2
	findFolderSync activesync.Status = 3
	findRange      activesync.Status = 4
)

// find answers a query in one store, as 16.1 asks it. [MS-ASCMD] 2.2.1.2
func (c *call) find() error {
	ask := c.body.Child(wbxml.FindExecuteSearch)
	if ask == nil {
		return &statusError{activesync.InvalidXML, "a Find without an ExecuteSearch"}
	}
	var f found
	var err error
	store := "Mailbox"
	gal, box := ask.Child(wbxml.FindGalSearchCriterion), ask.Child(wbxml.FindMailBoxSearchCriterion)
	switch {
	case gal != nil && box != nil, gal == nil && box == nil:
		f = found{status: findInvalid}
	case gal != nil:
		store = "GAL"
		f, err = c.findGAL(gal)
	default:
		f, err = c.findMailbox(box)
	}
	if err != nil {
		return err
	}
	w := c.out
	w.Start(wbxml.FindFind)
	w.Int(wbxml.FindStatus, int64(activesync.OK))
	w.Start(wbxml.FindResponse)
	w.Text(wbxml.ItemOperationsStore, store)
	c.status(wbxml.FindStatus, f.status)
	if f.results != nil {
		f.results()
	}
	w.End()
	w.End()
	return nil
}
