package ews

// A CreateUserConfiguration makes a configuration. [MS-OXWSUSRCFG] 3.1.4.1.
type CreateUserConfiguration struct {
	UserConfiguration UserConfiguration `ews:"m:UserConfiguration"`
}

// Element is the local name of the request in NSMessages.
func (*CreateUserConfiguration) Element() string { return "CreateUserConfiguration" }

// A CreateUserConfigurationResponse has one message.
type CreateUserConfigurationResponse struct {
	ResponseMessages []ResponseMessage `ews:"m:ResponseMessages>m:CreateUserConfigurationResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*CreateUserConfigurationResponse) Element() string { return "CreateUserConfigurationResponse" }
