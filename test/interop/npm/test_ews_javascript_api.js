// The Managed API's port: Autodiscover, a draft, a search, an appointment seen in a view, free/busy, impersonation.
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

run(async () => {
  const anna = people[0];
  const s = open(anna);

  // Autodiscover by SOAP, at the URL it would find by DNS.
  const auto = new ews.AutodiscoverService(new ews.Uri(org.autodiscover_url.replace(/\.xml$/, '.svc')), ews.ExchangeVersion.Exchange2013);
  auto.Credentials = new ews.WebCredentials(anna.upn, anna.password);
  const settings = await step('autodiscover', auto.GetUserSettings(anna.smtp, [ews.UserSettingName.ExternalEwsUrl, ews.UserSettingName.UserDisplayName]));
  assert.strictEqual(settings.Settings.get(ews.UserSettingName.ExternalEwsUrl), org.ews_url);
  assert.ok(settings.Settings.get(ews.UserSettingName.UserDisplayName));

  const inbox = await step('bind the inbox', ews.Folder.Bind(s, ews.WellKnownFolderName.Inbox));
  assert.strictEqual(inbox.DisplayName, 'Inbox');
  assert.ok(inbox.TotalCount >= 0);

  // A delegate is added, listed, changed and removed.
  const mailbox = new ews.Mailbox(anna.smtp);
  const delegate = new ews.DelegateUser(people[5].smtp);
  delegate.Permissions.CalendarFolderPermissionLevel = ews.DelegateFolderPermissionLevel.Editor;
  delegate.ReceiveCopiesOfMeetingMessages = true;
  const added = await step('add a delegate', s.AddDelegates(mailbox, ews.MeetingRequestsDeliveryScope.DelegatesAndMe, delegate));
  assert.strictEqual(added.length, 1);
  assert.strictEqual(added[0].Result, ews.ServiceResult.Success, added[0].ErrorMessage);
  const again = await step('add him again', s.AddDelegates(mailbox, ews.MeetingRequestsDeliveryScope.DelegatesAndMe, delegate));
  assert.strictEqual(again[0].ErrorCode, ews.ServiceError.ErrorDelegateAlreadyExists);
  const list = await step('list delegates', s.GetDelegates(mailbox, true));
  assert.strictEqual(list.MeetingRequestsDeliveryScope, ews.MeetingRequestsDeliveryScope.DelegatesAndMe);
  const theirs = list.DelegateUserResponses.filter((r) => r.DelegateUser.UserId.PrimarySmtpAddress === people[5].smtp);
  assert.strictEqual(theirs.length, 1);
  assert.strictEqual(theirs[0].DelegateUser.Permissions.CalendarFolderPermissionLevel, ews.DelegateFolderPermissionLevel.Editor);
  const removed = await step('remove him', s.RemoveDelegates(mailbox, new ews.UserId(people[5].smtp)));
  assert.strictEqual(removed[0].Result, ews.ServiceResult.Success, removed[0].ErrorMessage);
  assert.strictEqual((await step('list none', s.GetDelegates(mailbox, true))).DelegateUserResponses.length, 0);

  // A draft is saved, bound, changed, found and deleted.
  const subject = 'Interop from JavaScript ' + Date.now();
  const draft = new ews.EmailMessage(s);
  draft.Subject = subject;
  // The library writes text as it is: whoever calls it escapes.
  draft.Body = new ews.MessageBody(ews.BodyType.HTML, '&lt;b&gt;bold&lt;/b&gt; &amp;amp; more');
  draft.ToRecipients.Add(people[1].smtp);
  await step('save a draft', draft.Save(ews.WellKnownFolderName.Drafts));
  const bound = await step('bind the draft', ews.EmailMessage.Bind(s, draft.Id));
  assert.strictEqual(bound.Subject, subject);
  assert.ok(bound.Body.Text.includes('<b>bold</b> &amp; more'), bound.Body.Text);
  bound.Subject = subject + ' changed';
  await step('update', bound.Update(ews.ConflictResolutionMode.AutoResolve));
  const view = new ews.ItemView(10);
  const filter = new ews.SearchFilter.IsEqualTo(ews.ItemSchema.Subject, subject + ' changed');
  const found = await step('find', s.FindItems(new ews.FolderId(ews.WellKnownFolderName.Drafts), filter, view));
  assert.strictEqual(found.TotalCount, 1);
  assert.strictEqual(found.Items[0].Id.UniqueId, draft.Id.UniqueId);
  await step('delete', bound.Delete(ews.DeleteMode.HardDelete));
  const gone = await step('find again', s.FindItems(new ews.FolderId(ews.WellKnownFolderName.Drafts), filter, view));
  assert.strictEqual(gone.TotalCount, 0);

  // An appointment is made, seen in a calendar view, and deleted.
  const a = new ews.Appointment(s);
  a.Subject = subject;
  a.Start = new ews.DateTime('2031-08-01T09:00:00Z');
  a.End = new ews.DateTime('2031-08-01T10:00:00Z');
  a.Location = 'Room 1';
  await step('save an appointment', a.Save(ews.SendInvitationsMode.SendToNone));
  const week = new ews.CalendarView(new ews.DateTime('2031-07-28T00:00:00Z'), new ews.DateTime('2031-08-04T00:00:00Z'));
  const seen = await step('find appointments', s.FindAppointments(new ews.FolderId(ews.WellKnownFolderName.Calendar), week));
  const mine = seen.Items.filter((i) => i.Subject === subject);
  assert.strictEqual(mine.length, 1);
  assert.strictEqual(mine[0].Location, 'Room 1');
  await step('delete the appointment', a.Delete(ews.DeleteMode.HardDelete));

  // Free/busy of five.
  const attendees = people.slice(0, 5).map((p) => new ews.AttendeeInfo(p.smtp));
  const window = new ews.TimeWindow(new ews.DateTime('2031-08-01T00:00:00Z'), new ews.DateTime('2031-08-02T00:00:00Z'));
  const free = await step('free/busy', s.GetUserAvailability(attendees, window, ews.AvailabilityData.FreeBusy));
  assert.strictEqual(free.AttendeesAvailability.Responses.length, 5);
  free.AttendeesAvailability.Responses.forEach((r) => assert.strictEqual(r.ErrorCode, ews.ServiceError.NoError));

  // An application acts for its user, and not for another.
  const app = open(service);
  app.ImpersonatedUserId = new ews.ImpersonatedUserId(ews.ConnectingIdType.SmtpAddress, anna.smtp);
  const hers = await step('impersonate', ews.Folder.Bind(app, ews.WellKnownFolderName.Inbox));
  assert.strictEqual(hers.Id.UniqueId, inbox.Id.UniqueId);
  app.ImpersonatedUserId = new ews.ImpersonatedUserId(ews.ConnectingIdType.SmtpAddress, people[people.length - 1].smtp);
  await assert.rejects(ews.Folder.Bind(app, ews.WellKnownFolderName.Inbox), (e) => {
    assert.strictEqual(ews.ServiceError[e.ResponseCode], 'ErrorImpersonateUserDenied', e.faultCode);
    return true;
  });
});
