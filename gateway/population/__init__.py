"""Work over all customers of the sources that list them."""
