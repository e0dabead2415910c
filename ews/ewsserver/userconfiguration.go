package ewsserver

import (
	"entente/ews"
	"entente/mailbox"
)

// The bits of PidTagRoamingDatatypes: which streams a configuration has.
// [MS-OXOCFG] 2.2.2.1
const (
	roamingBinary     = 1
	roamingXML        = 2
	roamingDictionary = 4
)

// getUserConfiguration reads a configuration. [MS-OXWSUSRCFG] 3.1.4.3
func (c *call) getUserConfiguration(req *ews.GetUserConfiguration) (*ews.GetUserConfigurationResponse, error) {
	resp := &ews.GetUserConfigurationResponse{ResponseMessages: make([]ews.GetUserConfigurationResponseMessage, 1)}
	m := &resp.ResponseMessages[0]
	config, err := c.userConfiguration(req)
	if err != nil {
		m.ResponseMessage = c.fail(configurationError(err))
		return resp, nil
	}
	m.ResponseMessage, m.UserConfiguration = ews.Success(), config
	return resp, nil
}

func (c *call) userConfiguration(req *ews.GetUserConfiguration) (*ews.UserConfiguration, error) {
	ref, err := c.target(&req.UserConfigurationName.Folder)
	if err != nil {
		return nil, err
	}
	it, err := ref.view.UserConfiguration(c.ctx, ref.folder.ID, req.UserConfigurationName.Name)
	if err != nil {
		return nil, err
	}
	config := &ews.UserConfiguration{UserConfigurationName: ews.UserConfigurationName{
		Name:   req.UserConfigurationName.Name,
		Folder: ews.TargetFolderID{FolderID: folderID(ref.view.Mailbox(), ref.folder)},
	}}
	want := req.UserConfigurationProperties
	if want.Has(ews.UserConfigurationID) {
		config.ItemID = itemID(ref.view.Mailbox(), it)
	}
	if want.Has(ews.UserConfigurationDictionary) {
		if config.Dictionary, err = readDictionary(it.Props.Bytes(mailbox.PidTagRoamingDictionary)); err != nil {
			return nil, err
		}
	}
	if want.Has(ews.UserConfigurationXMLData) {
		config.XMLData = it.Props.Bytes(mailbox.PidTagRoamingXMLStream)
	}
	if want.Has(ews.UserConfigurationBinaryData) {
		config.BinaryData = it.Props.Bytes(mailbox.PidTagRoamingBinary)
	}
	return config, nil
}

// configurationError gives errors about configurations the codes of Exchange,
// which knows them as items that cannot be saved.
func configurationError(err error) error {
	switch {
	case isReason(err, mailbox.ConfigurationExists):
		return &ews.Fault{Code: ews.ErrorItemSave, Text: "A configuration of this name exists already."}
	case isReason(err, mailbox.ConfigurationName):
		return &ews.Fault{Code: ews.ErrorInvalidValueForProperty, Text: "This is not a name of a configuration."}
	}
	return err
}

// createUserConfiguration makes a configuration. [MS-OXWSUSRCFG] 3.1.4.1
func (c *call) createUserConfiguration(req *ews.CreateUserConfiguration) (*ews.CreateUserConfigurationResponse, error) {
	u := &req.UserConfiguration
	m := c.withConfiguration(&u.UserConfigurationName, func(ref folderRef, name string) error {
		var props mailbox.Props
		if err := setConfiguration(&props, u); err != nil {
			return err
		}
		_, err := ref.view.CreateUserConfiguration(c.ctx, ref.folder.ID, name, props)
		return err
	})
	return &ews.CreateUserConfigurationResponse{ResponseMessages: []ews.ResponseMessage{m}}, nil
}

// updateUserConfiguration replaces the parts that it is given.
// [MS-OXWSUSRCFG] 3.1.4.4
func (c *call) updateUserConfiguration(req *ews.UpdateUserConfiguration) (*ews.UpdateUserConfigurationResponse, error) {
	u := &req.UserConfiguration
	m := c.withConfiguration(&u.UserConfigurationName, func(ref folderRef, name string) error {
		return ref.view.UpdateUserConfiguration(c.ctx, ref.folder.ID, name, func(props *mailbox.Props) error {
			return setConfiguration(props, u)
		})
	})
	return &ews.UpdateUserConfigurationResponse{ResponseMessages: []ews.ResponseMessage{m}}, nil
}

// deleteUserConfiguration removes a configuration. [MS-OXWSUSRCFG] 3.1.4.2
func (c *call) deleteUserConfiguration(req *ews.DeleteUserConfiguration) (*ews.DeleteUserConfigurationResponse, error) {
	m := c.withConfiguration(&req.UserConfigurationName, func(ref folderRef, name string) error {
		return ref.view.DeleteUserConfiguration(c.ctx, ref.folder.ID, name)
	})
	return &ews.DeleteUserConfigurationResponse{ResponseMessages: []ews.ResponseMessage{m}}, nil
}

func (c *call) withConfiguration(name *ews.UserConfigurationName, do func(folderRef, string) error) ews.ResponseMessage {
	ref, err := c.target(&name.Folder)
	if err == nil {
		err = do(ref, name.Name)
	}
	if err != nil {
		return c.fail(configurationError(err))
	}
	return ews.Success()
}

// setConfiguration puts what a client sent into the properties of a
// configuration, and says which parts there are now.
func setConfiguration(props *mailbox.Props, u *ews.UserConfiguration) error {
	types, _ := props.Int(mailbox.PidTagRoamingDatatypes)
	if u.Dictionary != nil {
		b, err := writeDictionary(u.Dictionary)
		if err != nil {
			return err
		}
		props.SetBytes(mailbox.PidTagRoamingDictionary, b)
		types |= roamingDictionary
	}
	if u.XMLData != nil {
		props.SetBytes(mailbox.PidTagRoamingXMLStream, u.XMLData)
		types |= roamingXML
	}
	if u.BinaryData != nil {
		props.SetBytes(mailbox.PidTagRoamingBinary, u.BinaryData)
		types |= roamingBinary
	}
	props.SetInt(mailbox.PidTagRoamingDatatypes, types)
	return nil
}
