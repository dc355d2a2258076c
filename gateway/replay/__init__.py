"""What can stand between the gateway and its sources: a recording of their answers, its replay, and faults."""
