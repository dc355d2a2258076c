"""The turn of a request of the protocol: it takes time of the worker before and beside what it asks for."""

from __future__ import annotations

import msgspec

from gateway.admission.admission import Admission
from gateway.http.request_head import Head

MESSAGE_S = 0.001
"""What the protocol takes of the worker for a message: 0.4 ms of a call, 1.2 ms of the list of tools."""

CALL = "gateway.mcp.call"
"""Where the call of a request stands in its ASGI scope."""


class ProtocolTurn:
    """A place among the requests of a caller, until a tool is run, which has a turn of its own, or the answer is there."""

    def __init__(self, admission: Admission, caller: str) -> None:
        self._admission = admission
        self._row = admission.find_row(caller) if admission.is_fair else None
        self._is_taken = False

    async def begin_turn(self, head: Head) -> None:
        """Wait for the turn, and take the place. Raises `OverloadedError`."""
        admission, row = self._admission, self._row
        now = admission.monotonic()
        if admission.is_full(now, head.arrived) if row is None else admission.must_wait(row, now, head.arrived):
            await admission.wait(head, row or admission.everybody)
        self._is_taken = True
        admission.under_way += 1
        if row is not None:
            row.begin()

    def end_turn(self) -> None:
        """Leave the place, once, and charge the caller what a message takes: all the time would count that of others, too."""
        if not self._is_taken:
            return
        self._is_taken = False
        self._admission.under_way -= 1
        if self._row is not None:
            self._admission.end(self._row, 0.0, MESSAGE_S, 0)


class ProtocolCall(msgspec.Struct, eq=False):
    """Who calls: the head of his request, and its turn."""

    head: Head
    turn: ProtocolTurn
