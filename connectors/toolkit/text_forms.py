"""Settings whose text has a form, which problems name in words: a regular expression is no advice."""

import re

from pydantic import AfterValidator


def fits(pattern: str, problem: str) -> AfterValidator:
    """Require that a whole text fits a regular expression. The `problem` of another one ends with what to write."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(problem)
        return text

    return AfterValidator(check)
