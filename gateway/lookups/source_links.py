"""Write the addresses of records' pages at the sources that own them."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from connectors.contract import Connector
from connectors.records import RECORDS, Record
from connectors.toolkit.record_links import LinkTemplate, linked_fields

LinkWriter = Callable[[str, Any], str | None]
"""Writes the link of a record, of the name of its source and the record."""


class SourceLinks:
    """The links of all sources: a template for each source and record that has one."""

    def __init__(self, connectors: Iterable[Connector[Any]] = ()) -> None:
        self._templates: dict[type[Record], dict[str, LinkTemplate]] = {record: {} for record in RECORDS.values()}
        for connector in connectors:
            for name, link in connector.links().items():
                self._templates[RECORDS[name]][connector.name] = LinkTemplate(RECORDS[name], link)

    def writer(self, record: type[Record], own_id: str = "id") -> LinkWriter:
        """Give the function that writes links of one type. `own_id` is the attribute that holds the id at the source."""
        attributes = {field: own_id if field == "id" else field for field in linked_fields(record).values()}
        return partial(_write_link, self._templates[record], attributes)


def _write_link(templates: Mapping[str, LinkTemplate], attributes: Mapping[str, str], source: str, record: Any) -> str | None:
    template = templates.get(source)
    return None if template is None else template.fill({field: getattr(record, name) for field, name in attributes.items()})


NO_LINKS = SourceLinks()
