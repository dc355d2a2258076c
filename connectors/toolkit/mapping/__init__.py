"""Map rows of JSON to records, by the settings of a source."""
