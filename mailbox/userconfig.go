package mailbox

import (
	"context"
	"strings"

	"entente"
	"entente/access"
	"entente/db"
)

// A user configuration is an associated item of a folder, found by its class.
// [MS-OXWSUSRCFG] 1.3, [MS-OXOCFG] 2.2.1: dictionary, XML and binary are
// PidTagRoamingDictionary, PidTagRoamingXMLStream and PidTagRoamingBinary of
// its Props; which of them there are, PidTagRoamingDatatypes says.
const configurationClass = "IPM.Configuration."

// maxConfigurationName is that of the schema, [MS-OXWSUSRCFG] 2.2.4.4.
const maxConfigurationName = 237

func configurationOf(name string) (string, error) {
	if name == "" || len(name) > maxConfigurationName {
		return "", entente.Errorf(entente.Invalid, "not a name of a configuration").Because(ConfigurationName)
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return "", entente.Errorf(entente.Invalid, "not a name of a configuration").Because(ConfigurationName)
		}
	}
	return configurationClass + name, nil
}

func noConfiguration() error {
	return entente.Errorf(entente.NotFound, "the configuration was not found").Because(ConfigurationAbsent)
}

// configurationQuery has no order on purpose: SQLite would rather walk the whole
// mailbox in that order than use item_associated.
const configurationQuery = `SELECT item_id FROM item WHERE mailbox_id = $1 AND folder_id = $2 AND class = $3 AND flags % 2 = 1`

// configuration finds one; ErrNoRows if there is none.
func (v *View) configuration(tx *db.Tx, folder FolderID, class string) (ItemID, error) {
	var id ItemID
	err := tx.QueryRow(configurationQuery, v.key, folder, class).Scan(&id)
	return id, err
}

// UserConfiguration returns a configuration by its name, such as
// OWA.UserOptions. It needs ReadAny.
func (v *View) UserConfiguration(ctx context.Context, folder FolderID, name string) (*Item, error) {
	class, err := configurationOf(name)
	if err != nil {
		return nil, err
	}
	var it *Item
	err = v.db.View(ctx, func(tx *db.Tx) error {
		t, err := v.table(tx, folder)
		if err != nil {
			return err
		}
		if err := v.want(tx, &t, access.ReadAny); err != nil {
			return err
		}
		id, err := v.configuration(tx, folder, class)
		if err == db.ErrNoRows {
			return noConfiguration()
		}
		if err != nil {
			return err
		}
		it, _, err = v.item(tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return it, nil
}

// CreateUserConfiguration makes a configuration. It needs Create and
// FolderOwner, as every associated item does.
func (v *View) CreateUserConfiguration(ctx context.Context, folder FolderID, name string, props Props) (*Item, error) {
	class, err := configurationOf(name)
	if err != nil {
		return nil, err
	}
	if len(props.Append(nil)) > v.s.limits.Configurations {
		return nil, tooLarge()
	}
	var it *Item
	err = v.db.Update(ctx, func(tx *db.Tx) error {
		t, err := v.table(tx, folder)
		if err != nil {
			return err
		}
		if err := v.want(tx, &t, access.Create|access.FolderOwner); err != nil {
			return err
		}
		if _, err := v.configuration(tx, folder, class); err != db.ErrNoRows {
			if err == nil {
				err = entente.Errorf(entente.Conflict, "the configuration exists already").Because(ConfigurationExists)
			}
			return err
		}
		it = &Item{Class: class, Associated: true, Read: true, Creator: v.subject().SID, Props: props.Clone()}
		if !it.Props.Has(PidTagSubject) {
			it.Props.SetString(PidTagSubject, class) // [MS-OXOCFG] 2.2.2.1
		}
		return v.insert(tx, folder, it)
	})
	if err != nil {
		return nil, err
	}
	return it, nil
}

// UpdateUserConfiguration changes a configuration's properties.
func (v *View) UpdateUserConfiguration(ctx context.Context, folder FolderID, name string, fn func(*Props) error) error {
	it, err := v.UserConfiguration(ctx, folder, name)
	if err != nil {
		return err
	}
	_, err = v.UpdateItem(ctx, it.ID, 0, 0, func(it *Item) error {
		if err := fn(&it.Props); err != nil {
			return err
		}
		if len(it.Props.Append(nil)) > v.s.limits.Configurations {
			return tooLarge()
		}
		return nil
	})
	return err
}

// DeleteUserConfiguration removes a configuration for good.
func (v *View) DeleteUserConfiguration(ctx context.Context, folder FolderID, name string) error {
	it, err := v.UserConfiguration(ctx, folder, name)
	if err != nil {
		return err
	}
	done, err := v.DeleteItems(ctx, []ItemID{it.ID}, HardDelete)
	if err != nil {
		return err
	}
	return done[0].Err
}

// ConfigurationName is the name of the configuration an item is, "" if it is
// none.
func (it *Item) ConfigurationName() string {
	name, ok := strings.CutPrefix(it.Class, configurationClass)
	if !ok || !it.Associated {
		return ""
	}
	return name
}
