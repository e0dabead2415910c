"""An application that holds the right acts for a user; without it there is a clean error, and nothing is done."""

from lab import DELEGATE, IMPERSONATION, PEOPLE, SERVICE, Account, acting_for, account, config, equal, refused

from exchangelib import Message
from exchangelib.errors import ErrorFolderNotFound, ErrorImpersonateUserDenied, ErrorImpersonationDenied, ErrorNonExistentMailbox, UnauthorizedError

# Allowed: what the application makes is in the user's mailbox, as the user's.
app = acting_for(0)
m = Message(account=app, folder=app.drafts, subject="Interop by the CRM")
m.save()
anna = account(0)
equal(anna.drafts.get(subject="Interop by the CRM").id, m.id, "id")
equal(app.inbox.total_count, anna.inbox.total_count, "inbox")
m.delete()

# Refused: somebody it may not act for. The last of the people is not one of them.
last = len(PEOPLE) - 1
e = refused(ErrorImpersonateUserDenied, lambda: acting_for(last).inbox.refresh())
assert "permission" in str(e), e

# Refused: an account that has no such right at all gets the same for any name.
for name in (PEOPLE[0]["smtp"], "nobody@" + PEOPLE[0]["smtp"].split("@")[1]):
    refused(ErrorImpersonationDenied, lambda: Account(name, config=config(PEOPLE[1]), access_type=IMPERSONATION).inbox.refresh())

# Refused: a user who does not exist.
refused(ErrorNonExistentMailbox, lambda: acting_for(smtp="nobody@" + PEOPLE[0]["smtp"].split("@")[1]).inbox.refresh())

# Refused: another's mailbox without impersonation, and a wrong password. Whose folders
# may not be seen has none.
refused(ErrorFolderNotFound, lambda: Account(PEOPLE[0]["smtp"], config=config(PEOPLE[last]), access_type=DELEGATE).inbox.refresh())
refused(UnauthorizedError, lambda: Account(PEOPLE[0]["smtp"], config=config(PEOPLE[0], password="wrong"), access_type=DELEGATE).inbox.refresh())
