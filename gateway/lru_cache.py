"""Cache compiled documents in bounded memory."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

HOT_SHARE = 0.8
"""The most of the room that things used again may take. The rest is for new ones, which otherwise could never become hot."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SegmentedLru(Generic[K, V]):
    """Values by name, in bounded room (a segmented LRU).

    A value is new until it is used again, and hot from then on. New ones go first, the one used longest ago before the others:
    however many things come once, they do not push out what comes often. `weigh` says how much room a value takes, `weight` is
    what all of them take.
    """

    def __init__(self, room: float, weigh: Callable[[V], float] = lambda _: 1) -> None:
        self._room = room
        self._weigh = weigh
        self._new: OrderedDict[K, V] = OrderedDict()
        self._hot: OrderedDict[K, V] = OrderedDict()
        self._weights: dict[K, float] = {}
        self.weight = 0.0
        self._hot_weight = 0.0

    def __len__(self) -> int:
        return len(self._new) + len(self._hot)

    def get(self, name: K) -> V | None:
        """Get the value, and mark it as used."""
        value = self._hot.get(name)
        if value is not None:
            self._hot.move_to_end(name)
            return value
        value = self._new.pop(name, None)
        if value is not None:
            self._hot[name] = value
            self._hot_weight += self._weights[name]
            self._cool()
        return value

    def __contains__(self, name: object) -> bool:
        """Tell whether there is a value, without marking it as used."""
        return name in self._hot or name in self._new

    def add(self, name: K, value: V) -> None:
        """Keep a value under a name, in the place of the one that it has. As it weighs now it is counted until it goes."""
        weight = self._weigh(value)
        before = self._weights.get(name)
        self._weights[name] = weight
        if name in self._hot:
            self._hot[name] = value
            self._hot_weight += weight - (before or 0)
        else:
            self._new[name] = value
        self.weight += weight - (before or 0)
        while self.weight > self._room:
            self.drop_least()

    def drop_least(self) -> None:
        """Drop the value that is needed least. There must be one."""
        # The newest itself goes only when there is nothing else.
        from_hot = len(self._new) <= 1 and bool(self._hot)
        gone, _ = (self._hot if from_hot else self._new).popitem(last=False)
        weight = self._weights.pop(gone)
        self.weight -= weight
        self._hot_weight -= weight if from_hot else 0

    def _cool(self) -> None:
        """Make the coldest hot values new again where they exceed their share."""
        while self._hot_weight > HOT_SHARE * self._room and len(self._hot) > 1:
            name, value = self._hot.popitem(last=False)
            self._hot_weight -= self._weights[name]
            self._new[name] = value


class SharedList(list[V]):
    """A list that requests share and nobody changes. `shown` is what was made of them, by its maker."""

    __slots__ = ("shown",)

    def __init__(self, values: Iterable[V]) -> None:
        super().__init__(values)
        self.shown: dict[Any, Any] = {}
