"""One request at a time, for checks. Figures come from wrk."""

import urllib.request

_TIMEOUT_S = 30
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy of the environment does not know our loopback


def get(url: str) -> bytes:
    """Raises `OSError` when there is no answer, as `HTTPError` when it has another status than 200."""
    with _OPENER.open(url, timeout=_TIMEOUT_S) as answer:
        found: bytes = answer.read()
        return found


def post(url: str, body: bytes) -> bytes:
    """Post JSON. Raises as `get` does."""
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with _OPENER.open(request, timeout=_TIMEOUT_S) as answer:
        found: bytes = answer.read()
        return found
