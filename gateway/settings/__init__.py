"""Settings: one TOML file with variables on top, what each table may have, and the words for what is wrong in it."""

from gateway.settings.settings import (
    ClockSettings,
    MongoSettings,
    Settings,
    TelemetrySettings,
    TraceSettings,
    environment_variables,
    load_settings,
    parse_settings,
    set_variables,
    with_folder,
)
from gateway.settings.source_settings import BreakerSettings, CallSettings, SourceSettings, WebhookSettings
from gateway.settings.texts import SourceName

__all__ = [
    "BreakerSettings",
    "CallSettings",
    "ClockSettings",
    "MongoSettings",
    "Settings",
    "SourceName",
    "SourceSettings",
    "TelemetrySettings",
    "TraceSettings",
    "WebhookSettings",
    "environment_variables",
    "load_settings",
    "parse_settings",
    "set_variables",
    "with_folder",
]
