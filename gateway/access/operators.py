"""Know operators by their keys: people who may link and cut customers. Only digests of the keys are kept."""

from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest

from pydantic import SecretStr

from gateway.errors import OperatorRequiredError

_SCHEME = "bearer"


class Operators:
    """The operators of the settings, by name."""

    def __init__(self, keys: Mapping[str, SecretStr]) -> None:
        self._digests = {name: _digest(key.get_secret_value()) for name, key in keys.items()}

    def name_of(self, authorization: bytes | None) -> str:
        """Name the operator whose key is in an `Authorization` header. Raises `OperatorRequiredError`."""
        name = self.find(authorization)
        if name is None:
            raise OperatorRequiredError(are_there=bool(self._digests))
        return name

    def find(self, authorization: bytes | None) -> str | None:
        """Find the operator whose key is in an `Authorization` header. All keys are compared, each in constant time."""
        digest = _digest(bearer_of(authorization) or "")
        names = [name for name, own in self._digests.items() if compare_digest(own, digest)]
        return names[0] if names else None


def bearer_of(authorization: bytes | None) -> str | None:
    """Read the credential of an `Authorization` header (RFC 6750). None where it has another scheme, or is not there."""
    scheme, _, text = (authorization or b"").decode("latin-1").partition(" ")
    return text.strip() if scheme.lower() == _SCHEME else None


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()
