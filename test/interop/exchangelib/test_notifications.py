"""Pull and streaming subscriptions tell of what happens, to ourselves and to those a service acts for; push is refused."""

import threading

from lab import account, acting_for, equal, refused

from exchangelib import Message
from exchangelib.errors import ErrorInvalidSubscriptionRequest, ErrorSubscriptionNotFound
from exchangelib.folders import Messages
from exchangelib.properties import CopiedEvent, CreatedEvent, DeletedEvent, ModifiedEvent, MovedEvent, NewMailEvent, StatusEvent

anna, ben = account(0), account(1)
as_anna = acting_for(0)


class Puller:
    """Follows a pull subscription by its watermarks."""

    def __init__(self, folder):
        self.folder = folder
        self.id, self.watermark = folder.subscribe_to_pull(timeout=5)

    def events(self):
        found = []
        more = True
        while more:
            for notification in self.folder.get_events(self.id, self.watermark):
                equal(notification.subscription_id, self.id, "subscription")
                equal(notification.previous_watermark, self.watermark, "watermark")
                more = notification.more_events
                found += notification.events
                self.watermark = notification.events[-1].watermark
        return found

    def of_items(self):
        return [(type(e), e.item_id.id) for e in self.events() if not isinstance(e, StatusEvent) and e.item_id]


box, other = Messages(parent=anna.inbox, name="Interop news"), Messages(parent=anna.inbox, name="Interop other news")
box.save()
other.save()
try:
    for owner in (anna, as_anna):
        folder = next(f for f in owner.inbox.children if f.name == box.name)
        target = next(f for f in owner.inbox.children if f.name == other.name)
        p = Puller(folder)
        equal([type(e) for e in p.events()], [StatusEvent], "nothing new")
        item = Message(account=owner, folder=folder, subject="Interop news")
        item.save()
        equal(p.of_items(), [(CreatedEvent, item.id)], "created")
        item.subject = "Interop newer"
        item.save(update_fields=["subject"])
        equal(p.of_items(), [(ModifiedEvent, item.id)], "modified")
        copied = item.copy(to_folder=folder)
        equal(p.of_items(), [(CopiedEvent, copied[0])], "copied")
        old = item.id
        item.move(to_folder=target)
        moved = [e for e in p.events() if isinstance(e, MovedEvent)]
        equal([(e.old_item_id.id, e.item_id.id) for e in moved], [(old, item.id)], "moved")
        Message.delete(next(iter(folder.all())))
        equal([t for t, _ in p.of_items()], [DeletedEvent], "deleted")
        folder.unsubscribe(p.id)
        refused(ErrorSubscriptionNotFound, p.events)
        item.delete()

    # Mail that comes.
    sub, watermark = anna.inbox.subscribe_to_pull(timeout=5)
    Message(account=ben, subject="Interop for Anna", to_recipients=[anna.primary_smtp_address]).send()
    events = [e for n in anna.inbox.get_events(sub, watermark) for e in n.events]
    mail = [e for e in events if isinstance(e, NewMailEvent)]
    equal(len(mail), 1, "new mail")
    anna.inbox.get(id=mail[0].item_id.id).delete()
    anna.inbox.unsubscribe(sub)

    # Push is not offered.
    refused(ErrorInvalidSubscriptionRequest, lambda: list(anna.inbox.subscribe_to_push("https://client.contoso.example/")))

    # Streaming: what happened before the connection, and what happens on it.
    with box.streaming_subscription() as one, other.streaming_subscription() as two:
        first = Message(account=anna, folder=box, subject="Interop stream")
        first.save()
        # By the service: exchangelib has one connection an account, which waits.
        second = Message(account=as_anna, folder=target, subject="Interop stream")
        timer = threading.Timer(1, second.save)
        timer.start()
        heard = []
        for notification in box.get_streaming_events([one, two], connection_timeout=1):
            heard += [(notification.subscription_id, e.item_id.id) for e in notification.events if isinstance(e, CreatedEvent)]
            if len(heard) == 2:
                break
        timer.join()
        equal(heard, [(one, first.id), (two, second.id)], "streamed")
    refused(ErrorSubscriptionNotFound, lambda: list(box.get_streaming_events(one, connection_timeout=1)))

    # An application carries those of several people on one connection.
    as_ben = acting_for(1)
    subs = [a.inbox.subscribe_to_streaming() for a in (as_anna, as_ben)]
    note = Message(account=as_ben, folder=as_ben.inbox, subject="Interop stream")
    note.save()
    for notification in as_anna.inbox.get_streaming_events(subs, connection_timeout=1):
        if any(isinstance(e, CreatedEvent) and e.item_id.id == note.id for e in notification.events):
            equal(notification.subscription_id, subs[1], "whose")
            break
    note.delete()
    for a, s in zip((as_anna, as_ben), subs):
        a.inbox.unsubscribe(s)
finally:
    box.delete()
    other.delete()
