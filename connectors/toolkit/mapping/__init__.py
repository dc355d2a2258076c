"""How rows of JSON become records by the settings of a source, for every kind that reads JSON."""
