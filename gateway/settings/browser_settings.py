"""Settings for pages of other origins that ask from a browser."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from yarl import URL

from gateway.settings.frozen_settings import FrozenSettings

_FORM = "write scheme, host and port only, such as https://console.example.com"
_WRITTEN = re.compile(r"https?://(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def _is_origin(text: str) -> str:
    """Check that a browser can send the text, letter by letter, as `Origin`."""
    if "*" in text:
        raise ValueError(f"must name one origin, as a * would let in pages that you do not know; {_FORM}")
    if text == "null":
        raise ValueError(f"is the origin of any page in a sandbox and of any file, so it names nobody; {_FORM}")
    try:
        url = URL(text)
        written = str(url.origin())
    except ValueError:
        raise ValueError(f"is no origin; {_FORM}") from None
    if url.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"is no origin with http:// or https://; {_FORM}")
    if text.casefold() == f"{written}:{_DEFAULT_PORTS[url.scheme]}":
        raise ValueError("has the port that its scheme has anyway, which browsers leave out; leave it out")
    if not text.isascii():
        raise ValueError(
            "has letters that browsers write otherwise; write its host as xn--..., as the browser shows it in location.origin"
        )
    if text != written or not _WRITTEN.fullmatch(text):
        raise ValueError(f"is not written as browsers send it, in small letters and with nothing behind the port; {_FORM}")
    return text


Origin = Annotated[str, AfterValidator(_is_origin)]


class CorsSettings(FrozenSettings):
    """Whose pages may ask, and read the answers (CORS)."""

    origins: Annotated[list[Origin], Field(min_length=1, max_length=200)]
    """Their origins. No pattern: one that is too wide lets in who registers a name that fits."""
    max_age_s: Annotated[int, Field(ge=0, le=86_400)] = 600
    """For how long a browser remembers the answer to its preflight."""
    credentials: bool = False
    """Whether browsers send cookies and certificates along, which a proxy may want; keys need none of them."""
