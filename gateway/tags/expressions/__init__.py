"""The language of rules: its parts, their types, and checks before anything is evaluated."""
