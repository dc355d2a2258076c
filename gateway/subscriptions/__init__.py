"""Answer operations over connections that stay open."""
