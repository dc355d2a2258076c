"""Fit the Gamma-Gamma model to what customers spend, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

from gateway.calibration.purchase_fit import MAX_PARAMETER, MIN_PARAMETER
from gateway.scores.spend_formulas import SpendParameters

Numbers = NDArray[np.float64]


class SpendFit(NamedTuple):
    """The likeliest parameters. `is_sound` tells that they lie within bounds, and that there is a mean of all (`q` > 1)."""

    parameters: SpendParameters
    log_likelihood: float
    is_sound: bool


def fit_spend(orders: Sequence[float], means: Sequence[float]) -> SpendFit:
    """Find the likeliest parameters for customers with so many orders of such a mean value, all above 0."""
    x, m = np.asarray(orders, dtype=np.float64), np.asarray(means, dtype=np.float64)
    scale = float(np.median(m))  # the search is then the same for every currency
    m = m / scale

    def cost(logs: Numbers) -> float:
        p, q, v = np.exp(logs)
        values = (
            gammaln(p * x + q)
            - gammaln(p * x)
            - gammaln(q)
            + q * np.log(v)
            + (p * x - 1) * np.log(m)
            + p * x * np.log(x)
            - (p * x + q) * np.log(x * m + v)
        )
        return -float(values.mean())

    bounds = [(np.log(MIN_PARAMETER), np.log(MAX_PARAMETER))] * 3
    rough = minimize(cost, np.log((3.0, 3.0, 1.0)), method="L-BFGS-B", bounds=bounds)
    fine = minimize(
        cost,
        rough.x,
        method="Nelder-Mead",
        bounds=bounds,
        options={"xatol": 1e-7, "fatol": 1e-13, "maxiter": 5_000, "maxfev": 5_000},
    )
    p, q, v = (float(value) for value in np.exp(fine.x))
    is_inside = all(1.01 * MIN_PARAMETER < value < 0.99 * MAX_PARAMETER for value in (p, q, v)) and q > 1
    likelihood = -float(fine.fun) * len(x) - len(x) * float(np.log(scale))
    return SpendFit(SpendParameters(p, max(q, 1 + 1e-9), v * scale), likelihood, bool(fine.success) and is_inside)
