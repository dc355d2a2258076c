"""Compare keys: their kinds, normal forms and spellings. Pure: values in, values out."""
