"""Which keys are the same customer. Pure: values in, values out."""
