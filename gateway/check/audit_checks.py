"""Find why the audit could not be written."""

from gateway.audit.spool import Spool
from gateway.check.problems import Problem
from gateway.settings import Settings


def find_spool_problems(settings: Settings) -> list[Problem]:
    """Find a spool that is not there, or takes nothing."""
    if settings.audit is None or Spool(settings.audit.spool).is_writable:
        return []
    reason = "is no folder that the gateway may write to"
    return [Problem(None, None, "audit.spool", reason, "make it, as the user of the gateway, or mount it")]
