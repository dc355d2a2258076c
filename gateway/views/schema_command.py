"""Write the schema that a caller of the settings sees."""

from collections.abc import Callable

from graphql import GraphQLSchema, print_ast

from connectors.errors import ConfigurationError
from connectors.suggestions import did_you_mean
from gateway.settings.settings import Settings
from gateway.views.shown_schema import shown_schema
from gateway.views.views import view_of_caller


def sdl_of_caller(caller: str, settings: Settings | None, schema: GraphQLSchema, sdl: Callable[[], str]) -> str:
    """Write a schema as a caller sees it, of its text `sdl` in the schema definition language.

    Raises `ConfigurationError` where no settings are given, or they do not have the caller.
    """
    if settings is None:
        raise ConfigurationError(["--caller: is one of the settings; add --config"])
    if caller not in settings.callers:
        raise ConfigurationError([f"--caller: no caller has the name '{caller}'{did_you_mean(caller, settings.callers)}"])
    is_restricted = settings.callers[caller].is_restricted
    shown = print_ast(shown_schema(sdl(), view_of_caller(schema, settings, caller))) if is_restricted else sdl()
    return shown.rstrip() + "\n"
