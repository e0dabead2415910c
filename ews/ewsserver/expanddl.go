package ewsserver

import (
	"entente"
	"entente/directory"
	"entente/ews"
)

// expandDL lists the members of a distribution list of the directory. Lists in
// it are not expanded. [MS-OXWSDLIST] 3.1.4.1
func (c *call) expandDL(r *ews.ExpandDL) (*ews.ExpandDLResponse, error) {
	members, err := c.membersOf(&r.Mailbox)
	if err != nil {
		return &ews.ExpandDLResponse{ResponseMessages: []ews.ExpandDLResponseMessage{{ResponseMessage: c.fail(err)}}}, nil
	}
	total, last := len(members), true
	expansion := &ews.DLExpansion{
		FindResponsePaging: ews.FindResponsePaging{TotalItemsInView: &total, IncludesLastItemInRange: &last},
	}
	for _, m := range members {
		expansion.Members = append(expansion.Members, mailboxOf(m))
	}
	return &ews.ExpandDLResponse{ResponseMessages: []ews.ExpandDLResponseMessage{{ResponseMessage: ews.Success(), DLExpansion: expansion}}}, nil
}

func (c *call) membersOf(m *ews.Mailbox) ([]directory.Entry, error) {
	if m.EmailAddress == "" && m.ItemID != nil {
		return nil, &ews.Fault{Code: ews.ErrorNameResolutionNoResults, Text: "Distribution lists in contact folders cannot be expanded here."}
	}
	address, err := entente.ParseSMTPAddress(m.EmailAddress)
	if err != nil {
		return nil, &ews.Fault{Code: ews.ErrorNameResolutionNoResults}
	}
	members, err := c.s.Directory().ExpandDL(c.ctx, address)
	if isReason(err, directory.NoSuchGroup) {
		return nil, &ews.Fault{Code: ews.ErrorNameResolutionNoResults}
	}
	return members, err
}
