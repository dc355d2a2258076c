"""The `posthog` kind: persons of PostHog as customers, their activity as events."""

from connectors.vendors.posthog.connector import PostHog
from connectors.vendors.posthog.settings import PostHogSettings

__all__ = ["PostHog", "PostHogSettings"]
