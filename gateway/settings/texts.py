"""Texts of the settings that have a form."""

from typing import Annotated

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, SecretStr
from yarl import URL

from connectors.toolkit.text_forms import fits


def _is_name_of(what: str) -> AfterValidator:
    return fits(r"[A-Za-z0-9._-]{1,64}", f"is no name of {what}; write 1 to 64 letters without accents, digits, ., _ and -")


CallerName = Annotated[str, _is_name_of("a caller")]
OperatorName = Annotated[str, _is_name_of("an operator")]
PurposeName = Annotated[str, _is_name_of("a purpose")]
DatabaseName = Annotated[
    str, fits(r"[A-Za-z0-9_-]{1,63}", "is no name of a database; write 1 to 63 letters without accents, digits, _ and -")
]
OperationName = Annotated[
    str, fits(r"[_A-Za-z][_0-9A-Za-z]{0,63}", "is no name of an operation; write 1 to 64 letters, digits and _, no digit first")
]
_ADDRESS_PROBLEM = (
    "must be an address with http:// or https:// and without a user; write one such as http://127.0.0.1:4318/v1/traces"
)


def _has_origin(text: str) -> str:
    try:
        URL(text).origin()
    except ValueError:  # a port that is none, half an IPv6 address
        raise ValueError(_ADDRESS_PROBLEM) from None
    return text


CollectorAddress = Annotated[str, fits(r"https?://[^\s/@]+(/\S*)?", _ADDRESS_PROBLEM), AfterValidator(_has_origin)]
SourceName = Annotated[
    str, fits(r"[A-Za-z0-9_-]{1,64}", "is no name of a source; write 1 to 64 letters without accents, digits, _ and -")
]
HeaderName = Annotated[
    str,
    fits(r"[A-Za-z0-9-]{1,100}", "is no name of a header; write letters, digits and -, such as x-signature"),
    AfterValidator(str.lower),
]
BodyPath = Annotated[
    str, fits(r"[^.]+(\.[^.]+)*", "is no path in a body; write names with dots between them, such as customer.id")
]


def _known_region(text: str) -> str:
    if text not in SUPPORTED_REGIONS:
        raise ValueError("is no region of telephone numbers; write two capital letters of ISO 3166-1, such as GB")
    return text


Region = Annotated[str, fits(r"[A-Z]{2}", "is no region; write two capital letters, such as GB"), AfterValidator(_known_region)]


MIN_SECRET_LENGTH = 32


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < MIN_SECRET_LENGTH:
        raise ValueError(f"has fewer than {MIN_SECRET_LENGTH} characters; make a longer one by chance")
    return secret


LongSecret = Annotated[SecretStr, AfterValidator(_long_enough)]
