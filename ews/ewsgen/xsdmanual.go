package main

import "fmt"

// manualFragment defines the types whose codec package ews writes by hand, and
// what they extend.
func manualFragment(name string) string {
	switch name {
	case "AlternateIdBaseType":
		return `<xs:complexType name="AlternateIdBaseType" abstract="true">` +
			`<xs:attribute name="Format" type="t:IdFormatType" use="required"/></xs:complexType>`
	case "AlternateIdType":
		return extension(name, "t:AlternateIdBaseType", `<xs:attribute name="Id" type="xs:string" use="required"/>`+
			`<xs:attribute name="Mailbox" type="t:NonEmptyStringType" use="required"/>`+
			`<xs:attribute name="IsArchive" type="xs:boolean" use="optional"/>`)
	case "AlternatePublicFolderIdType":
		return extension(name, "t:AlternateIdBaseType", `<xs:attribute name="FolderId" type="xs:string" use="required"/>`)
	case "AlternatePublicFolderItemIdType":
		return extension(name, "t:AlternatePublicFolderIdType", `<xs:attribute name="ItemId" type="xs:string" use="required"/>`)
	case "EncryptedDataContainerType":
		return `<xs:complexType name="EncryptedDataContainerType"><xs:sequence><xs:any namespace="##other" processContents="skip"/></xs:sequence></xs:complexType>`
	}
	return eventFragment(name)
}

func extension(name, base, body string) string {
	return fmt.Sprintf(`<xs:complexType name="%s"><xs:complexContent><xs:extension base="%s">%s</xs:extension></xs:complexContent></xs:complexType>`,
		name, base, body)
}

func eventFragment(name string) string {
	const object = `<xs:choice><xs:element name="%[1]sFolderId" type="t:FolderIdType"/><xs:element name="%[1]sItemId" type="t:ItemIdType"/></xs:choice>` +
		`<xs:element name="%[1]sParentFolderId" type="t:FolderIdType"/>`
	switch name {
	case "BaseNotificationEventType":
		return `<xs:complexType name="BaseNotificationEventType"><xs:sequence>` +
			`<xs:element name="Watermark" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType>`
	case "BaseObjectChangedEventType":
		return extension(name, "t:BaseNotificationEventType", `<xs:sequence><xs:element name="TimeStamp" type="xs:dateTime"/>`+
			fmt.Sprintf(object, "")+`</xs:sequence>`)
	case "ModifiedEventType":
		return extension(name, "t:BaseObjectChangedEventType",
			`<xs:sequence><xs:element name="UnreadCount" type="xs:int" minOccurs="0"/></xs:sequence>`)
	case "MovedCopiedEventType":
		return extension(name, "t:BaseObjectChangedEventType", `<xs:sequence>`+fmt.Sprintf(object, "Old")+`</xs:sequence>`)
	case "NotificationType":
		return `<xs:complexType name="NotificationType"><xs:sequence><xs:element name="SubscriptionId" type="t:NonEmptyStringType"/>` +
			`<xs:element name="PreviousWatermark" type="xs:string" minOccurs="0"/>` +
			`<xs:element name="MoreEvents" type="xs:boolean" minOccurs="0"/>` +
			`<xs:choice maxOccurs="unbounded"><xs:element name="CopiedEvent" type="t:MovedCopiedEventType"/>` +
			`<xs:element name="CreatedEvent" type="t:BaseObjectChangedEventType"/>` +
			`<xs:element name="DeletedEvent" type="t:BaseObjectChangedEventType"/>` +
			`<xs:element name="ModifiedEvent" type="t:ModifiedEventType"/>` +
			`<xs:element name="MovedEvent" type="t:MovedCopiedEventType"/>` +
			`<xs:element name="NewMailEvent" type="t:BaseObjectChangedEventType"/>` +
			`<xs:element name="StatusEvent" type="t:BaseNotificationEventType"/>` +
			`<xs:element name="FreeBusyChangedEvent" type="t:BaseObjectChangedEventType"/></xs:choice></xs:sequence></xs:complexType>`
	}
	return ""
}
