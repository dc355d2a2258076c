"""What is remembered of a document is judged for each profile of callers by its own limits and rights."""

import pytest

from gateway.documents.limits import Limits
from gateway.documents.profiles import Profile, Profiles
from gateway.operations import OperationError, Operations
from gateway.settings import parse_settings
from gateway.settings.limit_settings import CallerLimitSettings, LimitSettings
from tests.support.http_view import SCHEMA

LARGE, SMALL = Profile(Limits()), Profile(Limits(max_tokens=6, max_fields=2))
TEXT = "{ hello a: hello b: hello }"


class CountingOperations(Operations):
    """Counts the texts that are read."""

    reads = 0

    def _compile(self, *args, **kwargs):
        self.reads += 1
        return super()._compile(*args, **kwargs)


@pytest.fixture
def operations():
    return CountingOperations(SCHEMA, limits=Limits(), lifts=True)


def codes(operations, query, profile):
    """The codes of a refusal, none where there is an operation."""
    try:
        operations.prepare(query, None, profile)
    except OperationError as refused:
        return {error.extensions["code"] for error in refused.errors}
    return set()


@pytest.mark.parametrize("order", [(LARGE, SMALL), (SMALL, LARGE)], ids=["large first", "small first"])
def test_a_verdict_is_that_of_its_profile(operations, order):
    """Whoever comes first: who may send it has its operation, the other one his refusal."""
    expected = {LARGE: set(), SMALL: {"QUERY_TOO_EXPENSIVE"}}
    for _ in range(3):
        for profile in order:
            assert codes(operations, TEXT, profile) == expected[profile]


def test_a_document_is_read_once_for_all_profiles(operations):
    """What it measures decides for the others; the operation of who may run it stays the same object."""
    operations.prepare(TEXT, None, LARGE)
    first = operations.prepare(TEXT, None, LARGE)
    reads = operations.reads
    assert codes(operations, TEXT, SMALL) == {"QUERY_TOO_EXPENSIVE"}
    assert operations.prepare(TEXT, None, Profile(Limits(max_tokens=100))) is first
    assert operations.prepare(TEXT, None, LARGE) is first
    assert operations.reads == reads


def test_introspection_and_suggestions_are_rights_of_a_profile(operations):
    """Who has neither is told no name of the schema, also of a document that another one may run."""
    curious, blind = Profile(Limits(), introspection=True, suggests=True), Profile(Limits(), introspection=False)
    for _ in range(3):
        assert codes(operations, "{ __schema { queryType { name } } }", curious) == set()
        assert codes(operations, "{ __schema { queryType { name } } }", blind) == {"GRAPHQL_VALIDATION_FAILED"}
        for profile, expected in ((curious, True), (blind, False)):
            with pytest.raises(OperationError) as refused:
                operations.prepare("{ helo }", None, profile)
            assert ("Did you mean" in str(refused.value)) is expected


def settings(**more):
    document = {
        "sources": {"crm": {"kind": "http", "base_url": "http://127.0.0.1:1"}},
        "access": {"keys": {"secret": "s" * 32, "file": "keys.json"}},
        **more,
    }
    return parse_settings(document)


def test_callers_with_equal_limits_share_a_profile():
    """By the limits that hold for them, however they are written."""
    own = {"limits": {"max_depth": 5}}
    found = Profiles(settings(callers={"a": own, "b": own, "c": {"limits": {"max_depth": 15}}, "d": {"introspection": False}}))
    assert found.find("a") is found.find("b")
    assert found.find("c") is found.everybody is found.find("an operator")
    assert (found.find("a").limits.max_depth, found.find("a").limits.max_tokens) == (5, 2_000)
    assert (found.find("d").introspection, found.find("d").suggests) == (False, False)


@pytest.mark.parametrize(
    ("environment", "own", "suggests"),
    [
        ("development", {}, True),
        ("development", {"introspection": False}, False),
        ("production", {}, False),
        ("production", {"introspection": True}, True),
        ("production", {"introspection": True, "find_by": ["email"]}, False),
    ],
)
def test_suggestions_follow_the_right_to_introspect(environment, own, suggests):
    """In production only where the settings name it, and never where a caller does not see all of the schema."""
    assert Profiles(settings(environment=environment, callers={"a": own})).find("a").suggests is suggests


def test_a_body_of_a_caller_is_no_larger_than_anybodys():
    """It is refused before it is known who asks."""
    with pytest.raises(Exception, match=r"callers\.a\.limits\.max_body_bytes: is more than 1000.*raise limits\.max_body_bytes"):
        settings(limits={"max_body_bytes": 1000}, callers={"a": {"limits": {"max_body_bytes": 1001}}})


def test_every_limit_can_be_a_callers():
    """The table of a caller has the names of the one of all, with no defaults."""
    assert CallerLimitSettings.model_fields.keys() == LimitSettings.model_fields.keys()
    limits = LimitSettings().model_dump()
    assert Limits() == Limits(**{name: limits[name] for name in Limits.__dataclass_fields__})
