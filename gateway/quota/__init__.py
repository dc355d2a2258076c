"""Charge callers for what their operations cost, by quotas that all workers share."""
