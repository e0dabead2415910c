// node-ews reads the WSDL and the schemas from the server and calls what they describe.
'use strict';
const assert = require('assert');
const EWS = require('node-ews');
const { org, people, run } = require('./lab');

run(async () => {
  const anna = people[0];
  const url = new URL(org.ews_url);
  const ews = new EWS({ username: anna.upn, password: anna.password, host: url.origin, auth: 'basic' });

  const found = await ews.run('FindFolder', {
    attributes: { Traversal: 'Shallow' },
    FolderShape: { BaseShape: 'Default' },
    ParentFolderIds: { DistinguishedFolderId: { attributes: { Id: 'msgfolderroot' } } },
  });
  const message = found.ResponseMessages.FindFolderResponseMessage;
  assert.strictEqual(message.attributes.ResponseClass, 'Success');
  assert.strictEqual(message.ResponseCode, 'NoError');
  assert.ok(JSON.stringify(message).includes('Inbox'), 'no Inbox among the folders');

  const sent = await ews.run('CreateItem', {
    attributes: { MessageDisposition: 'SaveOnly' },
    SavedItemFolderId: { DistinguishedFolderId: { attributes: { Id: 'drafts' } } },
    Items: { Message: { Subject: 'Interop node-ews', Body: { attributes: { BodyType: 'Text' }, $value: 'hello' }, ToRecipients: { Mailbox: { EmailAddress: people[1].smtp } } } },
  });
  const created = sent.ResponseMessages.CreateItemResponseMessage;
  assert.strictEqual(created.ResponseCode, 'NoError');
  const id = created.Items.Message.ItemId.attributes;
  assert.ok(id.Id && id.ChangeKey, 'no id');

  const deleted = await ews.run('DeleteItem', {
    attributes: { DeleteType: 'HardDelete' },
    ItemIds: { ItemId: { attributes: { Id: id.Id } } },
  });
  assert.strictEqual(deleted.ResponseMessages.DeleteItemResponseMessage.ResponseCode, 'NoError');

  const resolved = await ews.run('ResolveNames', {
    attributes: { ReturnFullContactData: true },
    UnresolvedEntry: people[1].smtp.split('@')[0],
  });
  assert.ok(JSON.stringify(resolved).includes(people[1].smtp), JSON.stringify(resolved));
});
