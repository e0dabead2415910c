package ews

// A GetUserConfiguration asks for a configuration. [MS-OXWSUSRCFG] 3.1.4.3.
type GetUserConfiguration struct {
	UserConfigurationName       UserConfigurationName       `ews:"m:UserConfigurationName"`
	UserConfigurationProperties UserConfigurationProperties `ews:"m:UserConfigurationProperties"`
}

// Element is the local name of the request in NSMessages.
func (*GetUserConfiguration) Element() string { return "GetUserConfiguration" }

// A GetUserConfigurationResponse has one message.
type GetUserConfigurationResponse struct {
	ResponseMessages []GetUserConfigurationResponseMessage `ews:"m:ResponseMessages>m:GetUserConfigurationResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*GetUserConfigurationResponse) Element() string { return "GetUserConfigurationResponse" }

// A GetUserConfigurationResponseMessage has the configuration.
//
// ews:type m:GetUserConfigurationResponseMessageType
type GetUserConfigurationResponseMessage struct {
	ResponseMessage   `ews:",inline"`
	UserConfiguration *UserConfiguration `ews:"m:UserConfiguration"`
}
