"""What is shown of values that last is worked out and encoded once, for all requests that they are given to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from connectors.semantics import json_hook
from gateway.execution.fields import Column, Completion, Path, Run
from gateway.execution.live import Shown
from gateway.kept import Lasting

MOST_SHOWN = 8
"""In how many ways a value is remembered."""

_encode = msgspec.json.Encoder(enc_hook=json_hook).encode


class ShownOnce(Shown):
    """As `Shown`; what is shown of a value that lasts stays with it, as it goes into the answer."""

    def complete(self, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column:
        column = [value.shown.get(self) if type(value) is Lasting else None for value in values]
        if None not in column:
            return column
        return [self._kept(value, shown) for value, shown in zip(values, super().complete(run, values, paths), strict=True)]

    def _kept(self, value: Any, shown: Any) -> Any:
        if type(value) is not Lasting or isinstance(shown, Exception) or len(value.shown) >= MOST_SHOWN:
            return shown
        shown = value.shown[self] = msgspec.Raw(_encode(shown))
        return shown


def once(completion: Completion) -> Completion:
    """The completion, of what lasts once where that is all that it is given to."""
    return ShownOnce(completion.show) if isinstance(completion, Shown) else completion
