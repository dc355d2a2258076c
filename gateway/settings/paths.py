"""Follow the paths of settings through documents and models."""

from collections.abc import Collection, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

Path = tuple[str | int, ...]


def without(value: Any, left_out: Collection[Path]) -> Any:
    """Copy a document without some of its settings."""
    if () in left_out:
        return None
    inner: dict[str | int, list[Path]] = {}
    for path in left_out:
        inner.setdefault(path[0], []).append(path[1:])
    if isinstance(value, Mapping):
        return {name: without(own, inner.get(name, ())) for name, own in value.items() if () not in inner.get(name, ())}
    if isinstance(value, list):
        return [without(own, inner.get(index, ())) for index, own in enumerate(value) if () not in inner.get(index, ())]
    return value


def locate(document: Any, place: Collection[str | int], left_out: Collection[Path], kind: str) -> Path:
    """Find the setting that pydantic means by a place in a document without `left_out`.

    Places also have steps of pydantic's own, such as `[key]`. A setting that is missing is the last step.
    """
    path: Path = ()
    here = document
    for step in place:
        further = _step(here, step, path, left_out)
        if further is not None:
            path += further
            here = at(document, path)
    (*_, last) = place or ("",)
    return (*path, last) if kind == "missing" and place and path[-1:] != (last,) else path


def at(document: Any, path: Path) -> Any:
    """Read the value at a path; None where there is none."""
    for step in path:
        is_index = isinstance(document, list) and isinstance(step, int) and 0 <= step < len(document)
        if not is_index and not (isinstance(document, Mapping) and step in document):
            return None
        document = document[step]
    return document


def inside(document: Any, path: Path, name: str) -> Path | None:
    """Find a name with dots below a path: as it stands, or as tables in tables. None when it is not there."""
    here = at(document, path)
    if not isinstance(here, Mapping):
        return None
    if name in here:
        return (*path, name)
    for end in range(len(name) - 1, 0, -1):
        if name[end] == "." and name[:end] in here:
            found = inside(document, (*path, name[:end]), name[end + 1 :])
            if found is not None:
                return found
    return None


def resolve(document: Any, path: Path, name: str) -> Path:
    """Follow a name with dots as far as it goes in the document, and take the rest as it stands."""
    found = inside(document, path, name)
    if found is not None:
        return found
    for end in range(len(name) - 1, 0, -1):
        if name[end] == "." and (found := inside(document, path, name[:end])) is not None:
            return (*found, *name[end + 1 :].split("."))
    return (*path, *name.split("."))


def known_names(model: type[BaseModel], path: Path) -> list[str]:
    """List the names of settings that a model has in the table at a path. None are known in tables with names of any kind."""
    types = [model]
    for step in path:
        types = [inner for own in types for inner in _types_below(own, step)]
    return [name for own in types if _is_model(own) for name in own.model_fields]


def _step(here: Any, step: str | int, path: Path, left_out: Collection[Path]) -> Path | None:
    if isinstance(here, Mapping):
        return inside(here, (), step) if isinstance(step, str) else None
    if isinstance(here, list) and isinstance(step, int):
        left = [index for index in range(len(here)) if (*path, index) not in left_out]
        return (left[step],) if step < len(left) else None
    return None


def _types_below(type_: Any, step: str | int) -> Iterator[Any]:
    if _is_model(type_):
        field = type_.model_fields.get(step)
        yield from () if field is None else _plain(field.annotation)
    elif get_origin(type_) is not None:
        arguments = [own for own in get_args(type_) if own is not Ellipsis]
        yield from _plain(arguments[-1]) if arguments else ()


def _plain(type_: Any) -> Iterator[Any]:
    """List the types that an annotation stands for."""
    origin = get_origin(type_)
    if origin is Annotated:
        yield from _plain(get_args(type_)[0])
    elif origin in (Union, UnionType):
        for own in get_args(type_):
            yield from _plain(own)
    else:
        yield type_


def _is_model(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, BaseModel)
