"""Read the text format of Prometheus."""

from prometheus_client.parser import text_string_to_metric_families


def series_of(text: bytes) -> dict[str, float]:
    """The value of each series, by its name and labels as the format writes them, labels in order."""
    return {
        f"{sample.name}{{{','.join(f'{name}={value}' for name, value in sorted(sample.labels.items()))}}}": sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def values_of(text: bytes, name: str) -> dict[tuple[str, ...], float]:
    """The values of one metric by those of its labels, which are in alphabetic order of their names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if sample.name == name
    }
