// ews-javascript-api: pull and streaming subscriptions, for oneself and for whom a service acts for.
'use strict';
const assert = require('assert');
const ews = require('ews-javascript-api');
const { org, people, service, run, step } = require('./lab');

function open(who) {
  const s = new ews.ExchangeService(ews.ExchangeVersion.Exchange2013);
  s.Credentials = new ews.WebCredentials(who.upn, who.password);
  s.Url = new ews.Uri(org.ews_url);
  return s;
}

async function draft(s, subject) {
  const m = new ews.EmailMessage(s);
  m.Subject = subject;
  await m.Save(ews.WellKnownFolderName.Drafts);
  return m;
}

const drafts = () => [new ews.FolderId(ews.WellKnownFolderName.Drafts)];

run(async () => {
  const [anna] = people;
  const s = open(anna);

  const pull = await step('subscribe', s.SubscribeToPullNotifications(drafts(), 5, null, ews.EventType.Created, ews.EventType.Deleted));
  const first = await draft(s, 'Interop pull');
  let events = await step('events', pull.GetEvents());
  assert.strictEqual(events.ItemEvents.length, 1);
  assert.strictEqual(events.ItemEvents[0].ItemId.UniqueId, first.Id.UniqueId);
  await first.Delete(ews.DeleteMode.HardDelete);
  events = await step('more events', pull.GetEvents());
  assert.strictEqual(events.ItemEvents[0].EventType, ews.EventType.Deleted);
  await step('unsubscribe', pull.Unsubscribe());

  const app = open(service);
  app.ImpersonatedUserId = new ews.ImpersonatedUserId(ews.ConnectingIdType.SmtpAddress, anna.smtp);
  for (const who of [s, app]) {
    const sub = await step('subscribe to streaming', who.SubscribeToStreamingNotifications(drafts(), ews.EventType.Created));
    const connection = new ews.StreamingSubscriptionConnection(who, 1);
    connection.AddSubscription(sub);
    const heard = new Promise((done, failed) => {
      connection.OnNotificationEvent.push((_, args) => { for (const e of args.Events) done(e); });
      connection.OnSubscriptionError.push((_, args) => failed(args.Exception));
    });
    connection.Open();
    await new Promise((r) => setTimeout(r, 500));
    const made = await draft(open(anna), 'Interop stream');
    const event = await step('stream', heard);
    assert.strictEqual(event.ItemId.UniqueId, made.Id.UniqueId);
    connection.Close();
    await made.Delete(ews.DeleteMode.HardDelete);
  }
  process.exit(0); // a closed connection's request stays pending in the library
});
