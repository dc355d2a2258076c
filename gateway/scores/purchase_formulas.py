"""What a customer will buy, by his purchases until now: BG/NBD and MBG/NBD.

A customer buys at a rate of his own while he is a customer, and may stop being one after each purchase. Rates are spread over
customers as a gamma distribution (`r`, `alpha`), the chances to stop as a beta distribution (`a`, `b`).

Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24: BG/NBD.
Batislam, Denizel and Filiztekin (2007), International Journal of Research in Marketing 24: MBG/NBD, in which the first purchase
may be the last one, too.
"""

from __future__ import annotations

from enum import StrEnum
from math import exp, expm1, inf, log, log1p

import msgspec

DAYS_PER_UNIT = 7.0
"""Times are counted in weeks."""

MAX_TERMS = 20_000
"""So many terms of the series are added at most, which is for horizons of a hundred times a customer's age."""

_PRECISION = 1e-12


class PurchaseModel(StrEnum):
    """The model by the word of the file."""

    BG_NBD = "bg_nbd"
    MBG_NBD = "mbg_nbd"


class PurchaseHistory(msgspec.Struct, frozen=True):
    """Repeat purchases until now, the time of the last one after the first, and the age since the first; in weeks."""

    frequency: float
    recency: float
    age: float


class PurchaseParameters(msgspec.Struct, frozen=True):
    """The parameters of a model; those of rates are in weeks."""

    model: PurchaseModel
    r: float
    alpha: float
    a: float
    b: float

    def __post_init__(self) -> None:
        if not all(0 < value < inf for value in (self.r, self.alpha, self.a, self.b)):
            raise ValueError("parameters must be above 0")


def history_of(orders: float, days_since_last: float, days_since_first: float) -> PurchaseHistory | None:
    """Write a customer's orders as the models count: the first one begins it, and repeats nothing. None without an order."""
    if orders < 1:
        return None
    age = max(days_since_first, days_since_last, 0.0)
    recency = age - max(days_since_last, 0.0) if orders > 1 else 0.0
    return PurchaseHistory(orders - 1, recency / DAYS_PER_UNIT, age / DAYS_PER_UNIT)


def alive_probability(parameters: PurchaseParameters, history: PurchaseHistory) -> float:
    """Compute how likely he is a customer still."""
    x, r, alpha = history.frequency, parameters.r, parameters.alpha
    log_stops = _log_stops(parameters, x)
    if log_stops is None:
        return 1.0
    log_odds = log_stops + (r + x) * log((alpha + history.age) / (alpha + history.recency))
    return 1 / (1 + exp(log_odds)) if log_odds < 700 else 0.0


def no_order_probability(parameters: PurchaseParameters, history: PurchaseHistory, horizon: float) -> float:
    """Compute how likely he orders nothing in the next `horizon` weeks.

    Who is a customer still has a rate of gamma distribution (r + x, alpha + T), so he orders nothing with probability
    ((alpha + T) / (alpha + T + horizon)) ** (r + x).
    """
    waited = parameters.alpha + history.age
    quiet = exp((parameters.r + history.frequency) * -log1p(horizon / waited))
    return 1 - alive_probability(parameters, history) * (1 - quiet)


def expected_orders(parameters: PurchaseParameters, history: PurchaseHistory, horizon: float) -> float:
    """Compute how many orders are expected of him in the next `horizon` weeks.

    The formulas have a hypergeometric function 2F1 at z = horizon / (alpha + T + horizon). Euler's transformation gives one
    whose terms fall fast, and takes the pole at a = 1 away: with e = a - 1 and L = log(1 - z), what is left is
    -(exp(e L) - 1) / e - exp(e L) * (2F1(e, second; third; z) - 1) / e.
    """
    x = history.frequency
    third = parameters.a + parameters.b + x - (1 if parameters.model is PurchaseModel.BG_NBD else 0)
    second = parameters.a + parameters.b - parameters.r - (1 if parameters.model is PurchaseModel.BG_NBD else 0)
    z = horizon / (parameters.alpha + history.age + horizon)
    exponent, logarithm = parameters.a - 1, log1p(-z)
    grown = expm1(exponent * logarithm) / exponent if abs(exponent) > _PRECISION else logarithm
    bracket = -grown - exp(exponent * logarithm) * _series(exponent, second, third, z)
    return max(0.0, alive_probability(parameters, history) * third * bracket)


def _log_stops(parameters: PurchaseParameters, frequency: float) -> float | None:
    """Log odds of having stopped after the last purchase, before it is known how long it is ago. None where he cannot have."""
    if parameters.model is PurchaseModel.MBG_NBD:
        return log(parameters.a) - log(parameters.b + frequency)
    return log(parameters.a) - log(parameters.b + frequency - 1) if frequency > 0 else None


def _series(exponent: float, second: float, third: float, z: float) -> float:
    """Compute (2F1(exponent, second; third; z) - 1) / exponent."""
    term = second / third * z
    total = term
    for n in range(1, MAX_TERMS):
        term *= (exponent + n) * (second + n) / ((third + n) * (n + 1)) * z
        total += term
        if abs(term) <= _PRECISION * abs(total) * (1 - z):
            break
    return total
