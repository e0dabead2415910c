package ews

import "entente/strictxml"

// A GetSharingMetadata asks for what invites people of other organizations to a
// folder. [MS-OXWSMSHR] 3.1.4.2.
type GetSharingMetadata struct {
	IDOfFolderToShare FolderID `ews:"m:IdOfFolderToShare"`
	SenderSMTPAddress string   `ews:"m:SenderSmtpAddress"`
	Recipients        []string `ews:"m:Recipients>t:SmtpAddress,nonempty"`
}

// Element is the local name of the request in NSMessages.
func (*GetSharingMetadata) Element() string { return "GetSharingMetadata" }

// A GetSharingMetadataResponse has an invitation for each organization, and says
// of the other recipients why there is none. [MS-OXWSMSHR] 3.1.4.2.
//
// ews:type m:GetSharingMetadataResponseMessageType
type GetSharingMetadataResponse struct {
	ResponseMessage `ews:",inline"`
	Collection      *EncryptedSharedFolderDataCollection `ews:"m:EncryptedSharedFolderDataCollection"`
	Invalid         *InvalidRecipients                   `ews:"m:InvalidRecipients"`
}

// Element is the local name of the answer in NSMessages.
func (*GetSharingMetadataResponse) Element() string { return "GetSharingMetadataResponse" }

// An EncryptedSharedFolderDataCollection has an invitation for each organization.
// [MS-OXWSMSHR] 2.2.4.
//
// ews:type ArrayOfEncryptedSharedFolderDataType
type EncryptedSharedFolderDataCollection struct {
	EncryptedSharedFolderData []EncryptedSharedFolderData `ews:"t:EncryptedSharedFolderData,omitempty"`
}

// An EncryptedSharedFolderData is an invitation that one organization can open:
// a delegation token for it, and what is shared, under the token's secret.
// [MS-OXWSMSHR] 2.2.4.
type EncryptedSharedFolderData struct {
	Token EncryptedDataContainer `ews:"t:Token"`
	Data  EncryptedDataContainer `ews:"t:Data"`
}

// An EncryptedDataContainer holds one element of another namespace, as it is
// written. [MS-OXWSMSHR] 2.2.4.
//
// ews:manual EncryptedDataContainerType
type EncryptedDataContainer struct{ Element []byte }

func (x *EncryptedDataContainer) decodeXML(r *strictxml.Reader) {
	for r.Child() {
		if x.Element != nil {
			r.Skip()
			continue
		}
		x.Element = append([]byte{}, r.Raw()...)
	}
}

func (x *EncryptedDataContainer) appendXML(e *strictxml.Encoder, name string) {
	e.Start(name)
	e.Raw(x.Element)
	e.End(name)
}

// InvalidRecipients are those who are not invited. [MS-OXWSMSHR] 2.2.4.
//
// ews:type ArrayOfInvalidRecipientsType
type InvalidRecipients struct {
	InvalidRecipient []InvalidRecipient `ews:"t:InvalidRecipient,omitempty"`
}

// An InvalidRecipient is somebody who is not invited, and why. [MS-OXWSMSHR]
// 2.2.4.
type InvalidRecipient struct {
	SMTPAddress  string                       `ews:"t:SmtpAddress"`
	ResponseCode InvalidRecipientResponseCode `ews:"t:ResponseCode"`
	MessageText  string                       `ews:"t:MessageText,omitempty"`
}

// An InvalidRecipientResponseCode says why somebody is not invited.
// [MS-OXWSMSHR] 2.2.5.
type InvalidRecipientResponseCode string

const (
	InvalidOtherError                         InvalidRecipientResponseCode = "OtherError"
	InvalidRecipientOrganizationNotFederated  InvalidRecipientResponseCode = "RecipientOrganizationNotFederated"
	InvalidCannotObtainTokenFromSTS           InvalidRecipientResponseCode = "CannotObtainTokenFromSTS"
	InvalidSystemPolicyBlocksSharing          InvalidRecipientResponseCode = "SystemPolicyBlocksSharingWithThisRecipient"
	InvalidRecipientOrganizationUnknownTokens InvalidRecipientResponseCode = "RecipientOrganizationFederatedWithUnknownTokenIssuer"
)
