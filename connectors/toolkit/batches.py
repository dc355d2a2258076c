"""Batches in several calls: in parts, or in halves where a source refuses the whole for one key or for their number."""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from connectors.contract import Answer, Found, Keys
from connectors.errors import SourceError, SourceRejectedError
from connectors.toolkit.http_client import gathered

MAX_CALLS = 64
"""How many times a source may be asked for one batch."""

AskSome = Callable[[Keys], Awaitable[Answer]]


async def ask_in_halves(keys: Keys, ask: AskSome) -> Answer:
    """Ask for all keys. What is refused with `halvings` is halved and asked again, side by side.

    A key that is refused alone, while others are answered, is rejected. Raises the error of the first call where nothing is
    answered: it is the question that is refused then, or the source that has failed.
    """
    first = await _contained(ask, keys)
    if not isinstance(first, SourceError):
        return first
    answer: dict[str, Found | SourceError] = {}
    failed: list[tuple[Keys, SourceError]] = [(keys, first)]
    has_answered, calls, level = False, 1, 0
    while has_answered or level < first.halvings:
        parts = [half for part, error in failed for half in _halves(part, error)]
        if not parts or calls + len(parts) > MAX_CALLS:
            break
        calls, level = calls + len(parts), level + 1
        outcomes = await gathered(_contained(ask, part) for part in parts)
        failed = [(part, error) for part, error in failed if not [*_halves(part, error)]]
        for part, outcome in zip(parts, outcomes, strict=True):
            if isinstance(outcome, SourceError):
                failed.append((part, outcome))
            else:
                answer |= outcome
                has_answered = True
    if not has_answered:
        raise first
    for part, error in failed:
        answer |= dict.fromkeys(part, SourceRejectedError() if len(part) == 1 and error.refuses_keys else error)
    return answer


async def ask_in_parts(parts: Sequence[Keys], ask: AskSome) -> Answer:
    """Ask for parts of a batch, side by side. A part that fails costs its own keys.

    Raises the first error where all fail.
    """
    if len(parts) == 1:
        return await ask(parts[0])
    outcomes = await gathered(_contained(ask, part) for part in parts)
    failures = [outcome for outcome in outcomes if isinstance(outcome, SourceError)]
    if len(failures) == len(parts):
        raise failures[0]
    answer: dict[str, Found | SourceError] = {}
    for part, outcome in zip(parts, outcomes, strict=True):
        answer |= dict.fromkeys(part, outcome) if isinstance(outcome, SourceError) else outcome
    return answer


async def _contained(ask: AskSome, keys: Keys) -> Answer | SourceError:
    try:
        return await ask(keys)
    except SourceError as error:
        return error


def _halves(keys: Keys, error: SourceError) -> Iterator[Keys]:
    if len(keys) > 1 and error.halvings:
        middle = (len(keys) + 1) // 2
        yield from (keys[:middle], keys[middle:])
