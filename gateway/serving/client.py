"""Ask a running gateway over its admin port."""

import http.client

import msgspec

from connectors.errors import ConfigurationError
from gateway.serving.reload_outcome import ReloadOutcome
from gateway.serving.sockets import ADMIN_HOST, DEFAULT_ADMIN_PORT

_TIMEOUT_S = 120.0


def request_reload(port: int | None) -> ReloadOutcome:
    """Have the gateway read its settings and tags again, and wait for what comes of it.

    Raises `ConfigurationError` when no gateway answers.
    """
    number = DEFAULT_ADMIN_PORT if port is None else port
    connection = http.client.HTTPConnection(ADMIN_HOST, number, timeout=_TIMEOUT_S)
    try:
        connection.request("POST", "/reload")
        return msgspec.json.decode(connection.getresponse().read(), type=ReloadOutcome)
    except (OSError, http.client.HTTPException, msgspec.MsgspecError):
        problem = f"--admin-port: no gateway answers at {ADMIN_HOST}:{number}; name the admin port of one that runs"
        raise ConfigurationError([problem]) from None
    finally:
        connection.close()
