"""Limit the extra calls to a source."""


class RetryBudget:
    """Each call earns a share of an extra one: there are at most so many extra calls, and `reserve` for quiet times."""

    def __init__(self, share: float, reserve: int) -> None:
        self._share = share
        self._reserve = self._left = float(reserve)

    def earn(self) -> None:
        self._left = min(self._reserve, self._left + self._share)

    def spend(self) -> bool:
        """Tell whether there is an extra call left; it is then taken."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
