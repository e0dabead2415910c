package ews

// An IconIndex is the icon an item shows with. [MS-OXWSCDATA].
type IconIndex string

// All icons of the schema, in its order.
const (
	IconDefault                            IconIndex = "Default"
	IconPostItem                           IconIndex = "PostItem"
	IconMailRead                           IconIndex = "MailRead"
	IconMailUnread                         IconIndex = "MailUnread"
	IconMailReplied                        IconIndex = "MailReplied"
	IconMailForwarded                      IconIndex = "MailForwarded"
	IconMailEncrypted                      IconIndex = "MailEncrypted"
	IconMailSmimeSigned                    IconIndex = "MailSmimeSigned"
	IconMailEncryptedReplied               IconIndex = "MailEncryptedReplied"
	IconMailSmimeSignedReplied             IconIndex = "MailSmimeSignedReplied"
	IconMailEncryptedForwarded             IconIndex = "MailEncryptedForwarded"
	IconMailSmimeSignedForwarded           IconIndex = "MailSmimeSignedForwarded"
	IconMailEncryptedRead                  IconIndex = "MailEncryptedRead"
	IconMailSmimeSignedRead                IconIndex = "MailSmimeSignedRead"
	IconMailIrm                            IconIndex = "MailIrm"
	IconMailIrmForwarded                   IconIndex = "MailIrmForwarded"
	IconMailIrmReplied                     IconIndex = "MailIrmReplied"
	IconSmsSubmitted                       IconIndex = "SmsSubmitted"
	IconSmsRoutedToDeliveryPoint           IconIndex = "SmsRoutedToDeliveryPoint"
	IconSmsRoutedToExternalMessagingSystem IconIndex = "SmsRoutedToExternalMessagingSystem"
	IconSmsDelivered                       IconIndex = "SmsDelivered"
	IconOutlookDefaultForContacts          IconIndex = "OutlookDefaultForContacts"
	IconAppointmentItem                    IconIndex = "AppointmentItem"
	IconAppointmentRecur                   IconIndex = "AppointmentRecur"
	IconAppointmentMeet                    IconIndex = "AppointmentMeet"
	IconAppointmentMeetRecur               IconIndex = "AppointmentMeetRecur"
	IconAppointmentMeetNY                  IconIndex = "AppointmentMeetNY"
	IconAppointmentMeetYes                 IconIndex = "AppointmentMeetYes"
	IconAppointmentMeetNo                  IconIndex = "AppointmentMeetNo"
	IconAppointmentMeetMaybe               IconIndex = "AppointmentMeetMaybe"
	IconAppointmentMeetCancel              IconIndex = "AppointmentMeetCancel"
	IconAppointmentMeetInfo                IconIndex = "AppointmentMeetInfo"
	IconTaskItem                           IconIndex = "TaskItem"
	IconTaskRecur                          IconIndex = "TaskRecur"
	IconTaskOwned                          IconIndex = "TaskOwned"
	IconTaskDelegated                      IconIndex = "TaskDelegated"
)
