"""Secrets that a database repeats."""

from gateway.check.problems import Problem
from gateway.check.redaction import Redaction
from gateway.settings.document import fill_in

WRITTEN = {
    "sources": {
        "crm": {
            "url": "postgresql+asyncpg://gateway:p%40ssword@host/crm",
            "records": {"order": {"query": "SELECT * FROM ${SCHEMA}.orders WHERE token = '${API_TOKEN}' AND n = ${FEW}"}},
        },
        "desk": {"token": "desk-token", "headers": {"Authorization": "Bearer header-token", "X-Plain": "plain-value"}},
    }
}
VARIABLES = {"SCHEMA": "public", "API_TOKEN": "token-of-variable", "FEW": "12", "OTHER": "unrelated"}


def hidden(text: str) -> tuple[str, str]:
    redaction = Redaction(fill_in(WRITTEN, VARIABLES), VARIABLES)
    problem = redaction.hide(Problem("gateway.toml", 1, "sources.crm.url", text, text))
    return problem.message, problem.fix


def test_secrets_are_hidden_in_message_and_fix():
    """A variable's value is shown by its name, so that the rest can be read."""
    for secret, shown in {
        "p%40ssword": "***",
        "p@ssword": "***",
        "desk-token": "***",
        "Bearer header-token": "***",
        "header-token": "***",
        "plain-value": "***",
        "token-of-variable": "${API_TOKEN}",
    }.items():
        assert hidden(f'syntax error at "{secret}"') == (f'syntax error at "{shown}"',) * 2


def test_plain_words_stay():
    """Short texts are in many words by chance; variables that the file does not name are none of its secrets."""
    assert hidden('relation "public.orders12" unrelated')[0] == 'relation "${SCHEMA}.orders12" unrelated'
