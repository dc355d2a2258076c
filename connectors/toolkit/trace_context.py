"""The span that a call to a source belongs to, as W3C Trace Context writes it."""

from contextvars import ContextVar

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""Of the call that this task makes. It is sent to those sources alone whose settings say so."""
