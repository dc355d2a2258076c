"""Record linkage: estimate which records are one person, over all records of the sources that list customers."""
