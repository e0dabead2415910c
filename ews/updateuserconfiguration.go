package ews

// An UpdateUserConfiguration changes a configuration. [MS-OXWSUSRCFG] 3.1.4.4.
type UpdateUserConfiguration struct {
	UserConfiguration UserConfiguration `ews:"m:UserConfiguration"`
}

// Element is the local name of the request in NSMessages.
func (*UpdateUserConfiguration) Element() string { return "UpdateUserConfiguration" }

// An UpdateUserConfigurationResponse has one message.
type UpdateUserConfigurationResponse struct {
	ResponseMessages []ResponseMessage `ews:"m:ResponseMessages>m:UpdateUserConfigurationResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*UpdateUserConfigurationResponse) Element() string { return "UpdateUserConfigurationResponse" }
