"""Read what `--url` names: a database, a folder or a vendor, and how settings write it without its password."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from connectors.catalogue import CatalogueReader, split_words
from connectors.errors import ConfigurationError
from gateway.onboarding.vendor_lines import vendor_of

_DRIVERS = {
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
    "mariadb": "mysql+asyncmy",
}
_SQLITE_ENDS = (".db", ".sqlite", ".sqlite3", ".db3")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET_OPTION = re.compile(r"(?i)(?<=[?&])((?:password|passfile|sslpassword|tlsCertificateKeyFilePassword)=)([^&]*)")


class SourceUrl(NamedTuple):
    """A source that `init` reads. `written` is what `.env` holds of it, `variables` what only the environment has."""

    kind: str
    url: str
    """The whole address, with its password, for this process alone."""
    name: str
    settings: Mapping[str, object]
    """The settings of the source beside its records, without its password."""
    written: Mapping[str, str]
    variables: Mapping[str, str]
    """Variables that must be set where the gateway runs, and are not written."""


def read_url(text: str, environment: Mapping[str, str], name: str | None = None) -> SourceUrl:
    """Read a URL or path. `${NAME}` in it is taken from the environment. Raises `ConfigurationError`."""
    unset = [own for own in _VARIABLE.findall(text) if own not in environment]
    if unset:
        raise ConfigurationError([f"--url: the variable {unset[0]} is not set; set it in the environment"])
    whole = _VARIABLE.sub(lambda match: environment[match[1]], text)
    if not whole.strip():
        raise ConfigurationError(["--url: is empty; write postgresql://reader@host/shop, sqlite:///shop.db or ./exports"])
    scheme, colon, rest = whole.partition("://")
    scheme = scheme.lower() if colon else ""
    base = scheme.partition("+")[0]
    if base in _DRIVERS:
        return _server(text, f"{_DRIVERS[base]}://{rest}", name)
    if base == "sqlite" or (not scheme and whole.lower().endswith(_SQLITE_ENDS)):
        return _sqlite(whole, name)
    if scheme in ("mongodb", "mongodb+srv"):
        return _mongo(text, whole, name)
    if (not scheme or scheme == "file") and Path(unquote(rest) if scheme else whole).is_dir():
        return _folder(Path(unquote(rest) if scheme else whole), name)
    if vendor_of(whole) is not None:
        raise ConfigurationError(["--url: a vendor has a preset; see the lines above"])
    raise ConfigurationError(
        ["--url: is no database, folder or known vendor; write postgresql://reader@host/shop, sqlite:///shop.db or ./exports"]
    )


def _name_of(text: str, name: str | None) -> str:
    """Name the source: by `--name`, or after the database."""
    if name is not None:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise ConfigurationError(["--name: is no name of a source; write letters, digits and _, such as shop"])
        return name
    own = "_".join(re.findall(r"[a-z0-9]+", " ".join(split_words(text)))) or "source"
    return own if own[0].isalpha() else f"s_{own}"


def _variable(name: str, end: str) -> str:
    return f"{name.upper()}_{end}"


def _without_password(text: str, name: str) -> tuple[str, dict[str, str]]:
    """Put a variable into the place of a password that is written out. Gives what the variable holds, too."""
    secrets: dict[str, str] = {}
    variable = _variable(name, "PASSWORD")
    match = re.match(r"([^:/?#]+://[^:/?#@]*):([^@/?#]*(?:@(?=[^/?#]*@)[^@/?#]*)*)@", text)
    if match is not None and match[2] and not _VARIABLE.fullmatch(match[2]):
        secrets[variable] = match[2]
        text = f"{match[1]}:${{{variable}}}@{text[match.end() :]}"

    def hide(option: re.Match[str]) -> str:
        if _VARIABLE.fullmatch(option[2]):
            return option[0]
        secrets[variable] = option[2]
        return f"{option[1]}${{{variable}}}"

    return _SECRET_OPTION.sub(hide, text), secrets


def _server(text: str, whole: str, name: str | None) -> SourceUrl:
    database = urlsplit(whole).path.strip("/")
    if not database:
        raise ConfigurationError(["--url: names no database; add it behind the host, as in postgresql://reader@host/shop"])
    own = _name_of(unquote(database), name)
    driver = whole.partition("://")[0]
    plain, secrets = _without_password(f"{driver}://{text.partition('://')[2]}", own)
    return _with_variables("sql", whole, own, plain, secrets)


def _with_variables(
    kind: str, whole: str, name: str, plain: str, secrets: Mapping[str, str], further: Mapping[str, object] | None = None
) -> SourceUrl:
    """Write the address into the environment file by its part before the password and the one behind it."""
    variable = _variable(name, "URL")
    parts = _VARIABLE.split(plain)
    if len(parts) == 1:
        return SourceUrl(kind, whole, name, {"kind": kind, "url": f"${{{variable}}}", **(further or {})}, {variable: plain}, {})
    return SourceUrl(kind, whole, name, {"kind": kind, "url": plain, **(further or {})}, {}, dict(secrets))


def _sqlite(whole: str, name: str | None) -> SourceUrl:
    path = whole.partition(":///")[2] if ":///" in whole else whole
    path = path.partition("?")[0]
    file = Path(path)
    if not file.is_file():
        raise ConfigurationError([f"--url: there is no file {file.name}; correct the path"])
    own = _name_of(file.stem, name)
    url = f"sqlite+aiosqlite:///{file.resolve()}"
    return _with_variables("sql", url, own, url, {})


def _mongo(text: str, whole: str, name: str | None) -> SourceUrl:
    database = unquote(urlsplit(whole).path.strip("/"))
    if not database:
        raise ConfigurationError(["--url: names no database; add it behind the host, as in mongodb://host/shop"])
    own = _name_of(database, name)
    plain, secrets = _without_password(text, own)
    return _with_variables("mongo", whole, own, plain, secrets, {"database": database})


def _folder(path: Path, name: str | None) -> SourceUrl:
    own = _name_of(path.resolve().name, name)
    return SourceUrl("files", str(path), own, {"kind": "files", "path": str(path.resolve())}, {}, {})


def open_reader(source: SourceUrl) -> CatalogueReader:
    """Open the reader of a source's kind. Raises `ConfigurationError` where its extra is not installed."""
    modules = {"sql": "connectors.sql", "files": "connectors.files", "mongo": "connectors.mongo"}
    try:
        module = importlib.import_module(f"{modules[source.kind]}.catalogue_reader")
    except ImportError:
        raise ConfigurationError(
            [f"--url: {source.kind} is not installed; install customer-profile-gateway[{source.kind}]"]
        ) from None
    if source.kind == "files":
        reader: CatalogueReader = module.FilesCatalogueReader(Path(source.url))
    elif source.kind == "mongo":
        reader = module.MongoCatalogueReader(source.url, str(source.settings["database"]))
    else:
        reader = module.SqlCatalogueReader(source.url)
    return reader
