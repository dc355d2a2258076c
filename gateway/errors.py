"""Errors that are the gateway's own; those of sources are in `connectors.errors`.

ProfileGatewayError
|-- CallerError                 caller: shown as it is, with the field and the fix
|   |-- InvalidKeyError
|   |-- InvalidArgumentError
|   |-- AmbiguousIdentityError
|   |-- UnauthenticatedError
|   |-- CsrfHeaderMissingError
|   |-- ForbiddenError
|   |-- RightMissingError
|   |-- WithheldError
|   |-- PurposeRefusedError
|   |-- PurposeWithheldError
|   |-- ErasedError
|   |-- ErasuresUnknownError
|   |-- OperatorRequiredError
|   |-- IdentityIncompleteError
|   |-- DocumentNotFoundError
|   |-- DocumentNotTrustedError
|   `-- QueryTooExpensiveError
|-- QuotaExceededError          caller: asks again when the window is over
|-- OverloadedError             nobody, wait: refused before it costs anything
|-- AccessUnavailableError      operator: who asks cannot be told
|-- AuditUnavailableError       operator: nothing is answered that cannot be audited
`-- StoreError                  operator: answered without the cache, a request never fails for it
"""

from collections.abc import Sequence

from connectors.errors import ProfileGatewayError, SourceError
from gateway.error_codes import code_of_source


class CallerError(ProfileGatewayError):
    """The caller can put it right; the message says how."""

    code = "BAD_USER_INPUT"


class InvalidKeyError(CallerError):
    """Refuse a key that cannot be one of its kind."""

    code = "INVALID_KEY"


class InvalidArgumentError(CallerError):
    """An argument outside its limits."""

    code = "INVALID_ARGUMENT"


class AmbiguousIdentityError(CallerError):
    """A key that belongs to several customers. `own_ids` are their ids at their sources.

    `missing_sources` could not be asked, and may know more of them.
    """

    code = "AMBIGUOUS_IDENTITY"

    def __init__(
        self, key_name: str, candidates: Sequence[str], own_ids: Sequence[str], missing_sources: Sequence[str] = ()
    ) -> None:
        self.own_ids = tuple(own_ids)
        self.candidates = tuple(candidates)
        self.extensions = {"candidates": list(candidates)}
        several = f"{len(candidates)} customers"
        if missing_sources:
            self.extensions["missingSources"] = list(missing_sources)
            several = f"several customers, and {', '.join(missing_sources)} could not be asked who they are"
        super().__init__(f"this {key_name} belongs to {several}; ask for one of the candidates by id")


class UnauthenticatedError(CallerError):
    """Nobody is known by the credential of the request."""

    code = "UNAUTHENTICATED"


class CsrfHeaderMissingError(CallerError):
    """A browser sends by itself what shows who asks, so another site may have caused the request."""

    code = "CSRF_HEADER_MISSING"

    def __init__(self) -> None:
        super().__init__("a browser may have sent this for another site; send the header X-CSRF: 1, or Authorization: Bearer")


class ForbiddenError(CallerError):
    """The caller asks by, or for, what the settings do not show him. `where` is a `Type.field`, or a `Type.field(argument)`."""

    code = "FORBIDDEN"

    def __init__(self, where: str, *, is_argument: bool = True) -> None:
        self.where = where
        reason = "this caller may not ask by it" if is_argument else "it is withheld from this caller, and may not be null"
        super().__init__(f"{where}: {reason}; leave it out")


class RightMissingError(CallerError):
    """The caller's settings do not let him read what is of no customer. `rights` are the settings that would."""

    code = "FORBIDDEN"

    def __init__(self, where: str, rights: Sequence[str]) -> None:
        super().__init__(f"{where}: this caller may not read it; a caller with {' or '.join(rights)} = true may")


class WithheldError(CallerError):
    """The settings do not show this to the caller."""

    code = "WITHHELD"


class PurposeRefusedError(CallerError):
    """The caller may not ask for the purpose that the request names, or names none where it has to."""

    code = "FORBIDDEN"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"X-Purpose: name one of the purposes of this caller: {', '.join(allowed) or 'there is none'}")


class PurposeWithheldError(CallerError):
    """Nothing says that a customer may be shown for this purpose."""

    code = "WITHHELD_PURPOSE"

    def __init__(self, purpose: str) -> None:
        super().__init__(f"the customer is not shown for the purpose {purpose}: it is not known that this is allowed")


class ErasedError(CallerError):
    """The customer was erased, and is kept and shown no more."""

    code = "ERASED"

    def __init__(self) -> None:
        super().__init__("the customer was erased: nothing of him is kept or shown")


class ErasuresUnknownError(CallerError):
    """It is not known yet who was erased, so nobody is shown."""

    code = "ERASURES_UNKNOWN"
    retryable = True

    def __init__(self) -> None:
        super().__init__("it is not known yet which customers were erased; ask again in a moment")


class OperatorRequiredError(CallerError):
    """Only operators may do this. `are_there` tells whether the settings name any."""

    code = "OPERATOR_REQUIRED"

    def __init__(self, *, are_there: bool) -> None:
        fix = "send the key of an operator as Authorization: Bearer" if are_there else "the settings name none"
        super().__init__(f"only an operator may do this; {fix}")


class IdentityIncompleteError(CallerError):
    """Not all records of the customers are known, so what would be linked or cut is not, either."""

    code = "IDENTITY_INCOMPLETE"
    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"not all records of the customers are known: {reason}; nothing was changed")


class DocumentNotFoundError(CallerError):
    """The id of the request is of no trusted document. `are_there` tells whether there are any."""

    code = "DOCUMENT_NOT_FOUND"

    def __init__(self, *, are_there: bool) -> None:
        fix = "release the manifest of a client before the client" if are_there else "send the text as query"
        reason = "no trusted document has this id" if are_there else "the gateway has no trusted documents"
        super().__init__(f"{reason}; {fix}")


class DocumentNotTrustedError(CallerError):
    """The caller sends a text, and may send trusted ones alone."""

    code = "DOCUMENT_NOT_TRUSTED"

    def __init__(self) -> None:
        super().__init__(
            "this caller may send trusted documents alone, and this is none; send the id of one, "
            "or have the document added to the manifest"
        )


class QueryTooExpensiveError(CallerError):
    """The operation asks for more than one request may."""

    code = "QUERY_TOO_EXPENSIVE"


class QuotaExceededError(ProfileGatewayError):
    """A caller has used what it may in this window. The next one begins in `retry_after_s` seconds."""

    code = "QUOTA_EXCEEDED"
    retryable = True

    def __init__(self, unit: str, limit: int, window_s: int, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        self.extensions = {"quota": unit, "limit": limit, "windowSeconds": window_s, "retryAfterSeconds": retry_after_s}
        super().__init__(
            f"{limit:,} {unit} in {window_s:,} seconds are what this caller may ask for, and too few are left; "
            f"ask again in {retry_after_s:,} seconds, or for less"
        )


class OverloadedError(ProfileGatewayError):
    """The gateway has more to do than it can in time."""

    code = "OVERLOADED"
    retryable = True

    def __init__(self) -> None:
        super().__init__("the gateway has too much to do at the moment; ask again later")


class AccessUnavailableError(ProfileGatewayError):
    """Keys have not been read for so long that none of them holds."""

    code = "ACCESS_UNAVAILABLE"
    retryable = True

    def __init__(self) -> None:
        super().__init__("it cannot be told at the moment whose credential this is; ask again later")


class AuditUnavailableError(ProfileGatewayError):
    """The audit cannot be written, and the settings have requests refused for it."""

    code = "AUDIT_UNAVAILABLE"
    retryable = True

    def __init__(self) -> None:
        super().__init__("it cannot be written at the moment who asks for what, so nothing is answered; ask again later")


class StoreError(ProfileGatewayError):
    """MongoDB failed."""

    code = "STORE_UNAVAILABLE"
    retryable = True


class SourceFailure(Exception):  # noqa: N818  it is a failure that a field reports, next to the values of others
    """A source failed to give the records of a field."""

    def __init__(self, source: str, error: SourceError) -> None:
        super().__init__(f"{source}: {error.summary}")
        # Not `source`: graphql-core takes that of an error for the text of the document, and finds the field elsewhere in it.
        self.source_name = source
        self.error = error
        self.extensions = {"code": code_of_source(error), "source": source, "retryable": error.retryable}
