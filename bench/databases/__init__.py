"""The gateway and its peers over one database: data, queries, answers and turns."""
