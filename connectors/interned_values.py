"""Values that are compared by identity: equal arguments give the same one for as long as anybody holds it."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar, cast
from weakref import WeakValueDictionary

P = ParamSpec("P")
T = TypeVar("T")

MAX_UNUSED = 64
"""How many are held that nobody else holds. Few: what is kept for long is garbage that full collections alone find."""


def intern_results(make: Callable[P, T]) -> Callable[P, T]:
    """Return one object for equal arguments (hashable, positional).

    The values used last are held here; others live while somebody else holds them, and are found again meanwhile. A memory that
    merely forgot would make a second value beside one that is in use.
    """
    alive: WeakValueDictionary[tuple[object, ...], T] = WeakValueDictionary()

    @lru_cache(maxsize=MAX_UNUSED)
    def get(*args: P.args, **kwargs: P.kwargs) -> T:
        value = alive.get(args)
        if value is None:
            value = alive[args] = make(*args, **kwargs)
        return value

    return cast(Callable[P, T], wraps(make)(get))
