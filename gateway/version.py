"""The version of the gateway."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "customer-profile-gateway"


@cache
def gateway_version() -> str:
    """Read the version of the installed package; `unknown` where none is installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
