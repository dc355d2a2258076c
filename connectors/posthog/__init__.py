"""The `posthog` kind: persons of PostHog as customers, and what they did as events."""

from connectors.posthog.connector import PostHog
from connectors.posthog.settings import PostHogSettings

__all__ = ["PostHog", "PostHogSettings"]
