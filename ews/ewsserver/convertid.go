package ewsserver

import "entente/ews"

// convertID turns ids into another form. It opens nothing: an id says no more
// in one form than in another. [MS-OXWSCVTID] 3.1.4.1
func (c *call) convertID(req *ews.ConvertID) (*ews.ConvertIDResponse, error) {
	resp := &ews.ConvertIDResponse{ResponseMessages: make([]ews.ConvertIDResponseMessage, len(req.SourceIDs))}
	for i := range req.SourceIDs {
		m := &resp.ResponseMessages[i]
		id, err := convertedID(&req.SourceIDs[i], req.DestinationFormat)
		if err != nil {
			m.ResponseMessage = c.fail(err)
			continue
		}
		m.ResponseMessage, m.AlternateID = ews.Success(), id
	}
	return resp, nil
}

func convertedID(ref *ews.AlternateIDRef, to ews.IDFormat) (*ews.ConvertedID, error) {
	from := ref.AlternateID
	if from == nil {
		return nil, &ews.Fault{Code: ews.ErrorUnsupportedTypeForConversion, Text: "There are no public folders here."}
	}
	id, err := ews.ParseStoreIDFormat(from.ID, from.Format)
	if err != nil {
		return nil, err
	}
	text := id.Format(to)
	if text == "" {
		return nil, &ews.Fault{Code: ews.ErrorUnsupportedTypeForConversion}
	}
	return &ews.ConvertedID{AlternateID: ews.AlternateID{Format: to, ID: text, Mailbox: from.Mailbox, IsArchive: from.IsArchive}}, nil
}
