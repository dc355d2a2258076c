"""What is shown of values that last is worked out and encoded once, for all requests that they are given to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from connectors.toolkit.evaluation import json_hook
from gateway.execution.completion import LeafCompletion
from gateway.execution.fields import Column, Completion, Path, Run
from gateway.lru_cache import SharedList

MAX_CACHED_FORMS = 8
"""In how many ways a value is remembered."""

_encode = msgspec.json.Encoder(enc_hook=json_hook).encode


class CachedCompletion(LeafCompletion):
    """As `LeafCompletion`; what is shown of a value that lasts stays with it, as it goes into the answer."""

    def complete(self, run: Run, values: Sequence[Any], paths: Sequence[Path]) -> Column:
        column = [value.shown.get(self) if type(value) is SharedList else None for value in values]
        if None not in column:
            return column
        return [self._kept(value, shown) for value, shown in zip(values, super().complete(run, values, paths), strict=True)]

    def _kept(self, value: Any, shown: Any) -> Any:
        if type(value) is not SharedList or isinstance(shown, Exception) or len(value.shown) >= MAX_CACHED_FORMS:
            return shown
        shown = value.shown[self] = msgspec.Raw(_encode(shown))
        return shown


def cache_completion(completion: Completion) -> Completion:
    """The completion, of what lasts once where that is all that it is given to."""
    return CachedCompletion(completion.show) if isinstance(completion, LeafCompletion) else completion
