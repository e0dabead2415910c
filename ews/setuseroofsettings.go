package ews

// A SetUserOofSettingsRequest sets somebody's out-of-office settings.
// [MS-OXWOOF] 3.1.4.2.
//
// ews:type m:SetUserOofSettingsRequest
type SetUserOofSettingsRequest struct {
	Mailbox         AvailabilityMailbox `ews:"t:Mailbox"`
	UserOofSettings UserOofSettings     `ews:"t:UserOofSettings"`
}

// Element is the local name of the request in NSMessages.
func (*SetUserOofSettingsRequest) Element() string { return "SetUserOofSettingsRequest" }

// A SetUserOofSettingsResponse is not wrapped in ResponseMessages.
//
// ews:type m:SetUserOofSettingsResponse
type SetUserOofSettingsResponse struct {
	ResponseMessage *ResponseMessage `ews:"m:ResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*SetUserOofSettingsResponse) Element() string { return "SetUserOofSettingsResponse" }
