package ews

// A DeleteUserConfiguration removes a configuration. [MS-OXWSUSRCFG] 3.1.4.2.
type DeleteUserConfiguration struct {
	UserConfigurationName UserConfigurationName `ews:"m:UserConfigurationName"`
}

// Element is the local name of the request in NSMessages.
func (*DeleteUserConfiguration) Element() string { return "DeleteUserConfiguration" }

// A DeleteUserConfigurationResponse has one message.
type DeleteUserConfigurationResponse struct {
	ResponseMessages []ResponseMessage `ews:"m:ResponseMessages>m:DeleteUserConfigurationResponseMessage"`
}

// Element is the local name of the answer in NSMessages.
func (*DeleteUserConfigurationResponse) Element() string { return "DeleteUserConfigurationResponse" }
