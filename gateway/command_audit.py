"""Record in the audit what a command asked of customers, as requests are recorded."""

from __future__ import annotations

import os
import pwd
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from connectors.contract import KeyKind
from connectors.errors import ProfileGatewayError
from gateway.audit.reader import OPERATOR
from gateway.errors import SourceFailure
from gateway.http.request_head import new_request_id
from gateway.identity.keys import normalised_or_plain
from gateway.lookups.access_notes import AccessNotes
from gateway.services import Services


@asynccontextmanager
async def audited_command(
    services: Services, command: str, ids: Sequence[str] = (), fields: tuple[str, ...] = ()
) -> AsyncIterator[AccessNotes]:
    """Record a command of open services when it ends, however it does, and wait until that is written.

    Whom it was given is taken from the notes. The `ids` are recorded as keys that gave it nobody. Nothing is run while nothing
    can be recorded. Raises `AuditUnavailableError`.
    """
    notes, audit = AccessNotes(), services.audit
    notes.add_attempts((KeyKind.CUSTOMER_ID.value, normalised_or_plain(KeyKind.CUSTOMER_ID, own)) for own in ids)
    if audit is None:
        yield notes
        return
    audit.check()
    answer = "OK"
    try:
        yield notes
    except BaseException as error:
        answer = _code_of(error)
        raise
    finally:
        audit.record(
            at=services.clock.now(),
            request=new_request_id(),
            caller=OPERATOR + command,
            user=name_user(),
            purpose=notes.purpose,
            operation=command,
            answer=answer,
            fields=fields,
            sources=notes.sources,
            customers=notes.list_customers(),
            attempts=notes.attempts or (),
        )
    await audit.write_all()


def name_user() -> str:
    """Name the user of the machine who runs this process. In a container he may have no name, but a number."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _code_of(error: BaseException) -> str:
    if isinstance(error, SourceFailure):
        return error.error.code
    if isinstance(error, ProfileGatewayError):
        return error.code
    return "INTERNAL" if isinstance(error, Exception) else "ABANDONED"
