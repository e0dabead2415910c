package ews

// A GetServerTimeZones asks for time zones, all if it names none.
// [MS-OXWSGTZ] 3.1.4.1.
type GetServerTimeZones struct {
	// ReturnFullTimeZoneData is true unless the client says otherwise; without
	// it zones have only Id and Name.
	ReturnFullTimeZoneData *bool    `ews:"ReturnFullTimeZoneData,attr"`
	IDs                    []string `ews:"m:Ids>t:Id,omitempty"`
}

// Element is the local name of the request in NSMessages.
func (*GetServerTimeZones) Element() string { return "GetServerTimeZones" }

// A GetServerTimeZonesResponse has one message.
type GetServerTimeZonesResponse struct {
	ResponseMessages []GetServerTimeZonesResponseMessage `ews:"m:ResponseMessages>m:GetServerTimeZonesResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*GetServerTimeZonesResponse) Element() string { return "GetServerTimeZonesResponse" }

// A GetServerTimeZonesResponseMessage has the zones. Unknown ids are left out.
//
// ews:type m:GetServerTimeZonesResponseMessageType
type GetServerTimeZonesResponseMessage struct {
	ResponseMessage     `ews:",inline"`
	TimeZoneDefinitions []TimeZoneDefinition `ews:"m:TimeZoneDefinitions>t:TimeZoneDefinition"`
}
