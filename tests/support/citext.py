"""The type citext as PostgreSQL's extension makes it, of functions that every server has."""

TYPE = [
    "CREATE TYPE citext",
    *(
        f"CREATE FUNCTION citext{name}({given}) RETURNS {result} AS 'text{name}' LANGUAGE internal IMMUTABLE STRICT"
        for name, given, result in (
            ("in", "cstring", "citext"),
            ("out", "citext", "cstring"),
            ("recv", "internal", "citext"),
            ("send", "citext", "bytea"),
        )
    ),
    (
        "CREATE TYPE citext (INPUT = citextin, OUTPUT = citextout, RECEIVE = citextrecv, SEND = citextsend,"
        " INTERNALLENGTH = VARIABLE, STORAGE = extended, CATEGORY = 'S', PREFERRED = false, COLLATABLE = true)"
    ),
    "CREATE CAST (citext AS text) WITHOUT FUNCTION AS IMPLICIT",
    "CREATE CAST (citext AS varchar) WITHOUT FUNCTION AS IMPLICIT",
    "CREATE CAST (text AS citext) WITHOUT FUNCTION AS ASSIGNMENT",
    "CREATE CAST (varchar AS citext) WITHOUT FUNCTION AS ASSIGNMENT",
]
OPERATORS = [
    ("eq", "=", "=", "<>", "eq", ", HASHES, MERGES"),
    ("ne", "<>", "<>", "=", "neq", ""),
    ("lt", "<", ">", ">=", "scalarlt", ""),
    ("le", "<=", ">=", ">", "scalarle", ""),
    ("gt", ">", "<", "<=", "scalargt", ""),
    ("ge", ">=", "<=", "<", "scalarge", ""),
]
"""Names and signs, the sign with its sides exchanged, the opposite, the estimate, what else it can do."""


def statements() -> list[str]:
    """Write the statements that make the type."""
    return [
        *TYPE,
        _function("cmp", "int", "bttextcmp(lower($1::text), lower($2::text))"),
        (
            "CREATE FUNCTION citext_hash(citext) RETURNS int LANGUAGE sql IMMUTABLE STRICT"
            " AS $$ SELECT hashtext(lower($1::text)) $$"
        ),
        *(_function(name, "bool", f"lower($1::text) {sign} lower($2::text)") for name, sign, *_ in OPERATORS),
        *(
            f"CREATE OPERATOR {sign} (LEFTARG = citext, RIGHTARG = citext, PROCEDURE = citext_{name},"
            f" COMMUTATOR = {exchanged}, NEGATOR = {opposite}, RESTRICT = {estimate}sel, JOIN = {estimate}joinsel{more})"
            for name, sign, exchanged, opposite, estimate, more in OPERATORS
        ),
        (
            "CREATE OPERATOR CLASS citext_ops DEFAULT FOR TYPE citext USING btree AS OPERATOR 1 <, OPERATOR 2 <=,"
            " OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 citext_cmp(citext, citext)"
        ),
        (
            "CREATE OPERATOR CLASS citext_hash_ops DEFAULT FOR TYPE citext USING hash AS OPERATOR 1 =,"
            " FUNCTION 1 citext_hash(citext)"
        ),
    ]


def _function(name: str, result: str, body: str) -> str:
    return (
        f"CREATE FUNCTION citext_{name}(citext, citext) RETURNS {result} LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT {body} $$"
    )
