"""Record sources, replay recordings, inject faults."""
