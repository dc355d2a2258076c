"""Part the fields of an object into those that are shown at once and those of deferred fragments."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gateway.execution.deliveries import Labels
from gateway.execution.fields import Field, ProjectedField


def parts_of(
    fields: Sequence[Field], at_once: Collection[str], fragments: Sequence[tuple[str | None, Sequence[str]]]
) -> tuple[list[Field], list[tuple[Labels, list[Field]]]]:
    """Part fields into those of now and those of each part, with the labels of its fragments.

    What is shown at once is not waited for again, and fragments that share a field make one part, as each is complete only
    with it. What needs no source stands in each of them: clients write a fragment from its own payload.
    """
    kinds = {field.key: isinstance(field, ProjectedField) for field in fields}
    parts: list[tuple[list[str | None], set[str]]] = []
    for label, keys in fragments:
        labels, own = [label], {key for key in keys if kinds[key] or key not in at_once}
        if not own:
            continue  # what is in it is in fragments of its own, or shown at once
        shared = [part for part in parts if any(not kinds[key] for key in own & part[1])]
        for part in shared:
            parts.remove(part)
            labels, own = [*part[0], *labels], own | part[1]
        parts.append((labels, own))
    now = [field for field in fields if field.key in at_once]
    return now, [(labels, [field for field in fields if field.key in own]) for labels, own in parts]
