"""Fit BG/NBD and MBG/NBD to the purchases of customers, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from gateway.scores.purchase_formulas import PurchaseHistory, PurchaseModel, PurchaseParameters

Numbers = NDArray[np.float64]

MIN_REPEAT_BUYERS = 500
"""With fewer customers who came back, parameters are mostly noise."""

MIN_PARAMETER, MAX_PARAMETER = 1e-4, 1e4
"""A fit that ends here has found no distribution."""

MAX_ROUGH = 5_000
"""So many different histories are enough to find where to begin."""

_STARTS = ((1.0, 10.0, 1.0, 3.0), (0.3, 3.0, 0.5, 1.0), (2.0, 30.0, 0.2, 5.0))


class PurchaseFit(NamedTuple):
    """The likeliest parameters. `is_sound` tells that they lie within bounds and the search has ended."""

    parameters: PurchaseParameters
    log_likelihood: float
    is_sound: bool


def fit_purchases(model: PurchaseModel, histories: Sequence[PurchaseHistory]) -> PurchaseFit:
    """Find the likeliest parameters. Equal histories are counted, not computed twice."""
    rows = np.array([(history.frequency, history.recency, history.age) for history in histories], dtype=np.float64)
    (x, recency, age), weights = _count_rows(rows)

    def cost_of(part: slice) -> Callable[[Numbers], float]:
        own = x[part], recency[part], age[part]
        return lambda logs: -float(log_likelihoods(model, np.exp(logs), *own) @ weights[part]) / float(weights[part].sum())

    cost = cost_of(slice(None))
    rough_cost = cost_of(slice(None, None, 1 + len(x) // MAX_ROUGH))
    bounds = [(np.log(MIN_PARAMETER), np.log(MAX_PARAMETER))] * 4
    rough = [minimize(rough_cost, np.log(start), method="L-BFGS-B", bounds=bounds) for start in _STARTS]
    best = min(rough, key=lambda result: float(result.fun))
    fine = minimize(
        cost,
        best.x,
        method="Nelder-Mead",
        bounds=bounds,
        options={"xatol": 1e-7, "fatol": 1e-13, "maxiter": 5_000, "maxfev": 5_000},
    )
    r, alpha, a, b = (float(value) for value in np.exp(fine.x))
    is_inside = all(1.01 * MIN_PARAMETER < value < 0.99 * MAX_PARAMETER for value in (r, alpha, a, b))
    likelihood = -float(fine.fun) * float(weights.sum())
    return PurchaseFit(PurchaseParameters(model, r, alpha, a, b), likelihood, bool(fine.success) and is_inside)


def log_likelihoods(model: PurchaseModel, parameters: Numbers, x: Numbers, recency: Numbers, age: Numbers) -> Numbers:
    """Compute the logarithm of each history's likelihood under `r, alpha, a, b`."""
    r, alpha, a, b = parameters
    buys = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    is_modified = model is PurchaseModel.MBG_NBD
    stays = betaln(a, b + x + (1 if is_modified else 0)) - betaln(a, b) - (r + x) * np.log(alpha + age)
    stop_chance = betaln(a + 1, b + x - (0 if is_modified else 1)) if is_modified else betaln(a + 1, b + np.maximum(x, 1) - 1)
    stopped = stop_chance - betaln(a, b) - (r + x) * np.log(alpha + recency)
    if not is_modified:
        stopped = np.where(x > 0, stopped, -np.inf)
    return np.asarray(buys + np.logaddexp(stays, stopped), dtype=np.float64)


def _count_rows(rows: Numbers) -> tuple[Numbers, Numbers]:
    unique, counts = np.unique(rows, axis=0, return_counts=True)
    return unique.T, counts.astype(np.float64)
