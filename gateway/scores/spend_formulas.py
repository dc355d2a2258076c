"""What a customer will spend on an order, by his orders until now: the Gamma-Gamma model.

Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value. His orders vary about a mean of his own with a gamma
distribution of shape `p`; the scales are spread over customers as a gamma distribution (`q`, `v`).
"""

from __future__ import annotations

from math import inf

import msgspec


class SpendParameters(msgspec.Struct, frozen=True):
    """The parameters; `v` is in the currency of the spend."""

    p: float
    q: float
    v: float

    def __post_init__(self) -> None:
        if not (0 < self.p < inf and 1 < self.q < inf and 0 < self.v < inf):
            raise ValueError("parameters must be above 0, and q above 1: without it there is no mean of all")


def expected_spend(parameters: SpendParameters, orders: float, mean: float) -> float:
    """Compute the expected value of his next order: his mean, drawn to that of all the more the fewer orders he has."""
    p, q, v = parameters.p, parameters.q, parameters.v
    return p * (v + orders * mean) / (p * orders + q - 1)
