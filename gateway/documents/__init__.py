"""Admit GraphQL documents: limits, rules, literals."""
