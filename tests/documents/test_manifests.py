"""Manifests and folders of documents: what is read of each, and what is said of those that cannot be."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConfigurationError
from gateway.documents.manifests import parse_document_files, read_document_files
from gateway.documents.trusted_documents import TrustedDocuments
from tests.documents.test_operations import SCHEMA

HELLO = "query Hello { hello }"
NAMED = "query Named($id: ID) { customer(id: $id) { name } }"
ROOM = 1 << 20


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def apollo(*operations: Any, **changed: Any) -> dict[str, Any]:
    """A manifest as @apollo/generate-persisted-query-manifest writes it."""
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": list(operations), **changed}


def operation(text: str, **changed: Any) -> dict[str, Any]:
    return {"id": sha256(text), "name": "Hello", "type": "query", "body": text, **changed}


def write(folder: Path, **files: Any) -> Path:
    """Write files, with their last `_` for the dot; what is no text is JSON."""
    for name, content in files.items():
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        path = folder / ".".join(name.rsplit("_", 1))
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def loaded(path: Path, room: int = ROOM, introspection: bool = True) -> TrustedDocuments:
    documents = TrustedDocuments(SCHEMA, read_document_files(path, room), room, introspection=introspection)
    documents.check_all()
    return documents


def problems_of(path: Path, **words: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        loaded(path, **words)
    return list(refused.value.problems)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"a_json": apollo(operation(HELLO))}, [sha256(HELLO)]),
        ({"a_json": apollo(operation(HELLO, id="hello-1", clientName="web"))}, ["hello-1", sha256(HELLO)]),
        ({"a_json": {hashlib.md5(HELLO.encode()).hexdigest(): HELLO}}, [hashlib.md5(HELLO.encode()).hexdigest()]),
        ({"a_json": {sha256(HELLO): HELLO, sha256(NAMED): NAMED}}, [sha256(HELLO), sha256(NAMED)]),
        ({"persisted-documents_json": {hashlib.sha1(HELLO.encode()).hexdigest(): HELLO}}, [f"sha256:{sha256(HELLO)}"]),
        ({"Hello_graphql": HELLO, "Named_gql": NAMED}, [sha256(HELLO), sha256(NAMED)]),
        ({"Hello_graphql": f"\ufeff{HELLO}\n"}, [sha256(f"{HELLO}\n")]),
        ({"a_json": apollo(operation(HELLO)), "b_json": {"x": NAMED}, "c_json": {}, "README_md": "no"}, [sha256(HELLO), "x"]),
        ({"a_json": {"x": HELLO}, "b_json": {"x": HELLO, "y": HELLO}}, ["x", "y"]),
    ],
)
def test_documents_are_found_by_the_ids_of_their_tool(files: dict[str, Any], names: list[str], tmp_path: Path):
    """By its id, by the sha256 of its text, and that behind a prefix; several files of a folder are joined."""
    documents = loaded(write(tmp_path, **files))
    for name in names:
        found = documents.find_document(name)
        assert found is not None
        assert documents.find_document(sha256(found.text)) is found
        assert documents.find_document(f"sha256:{sha256(found.text)}") is found
        assert documents.by_text[found.text] is found
    assert documents.find_document("another") is None
    assert documents.find_document("sha256:another") is None


def test_a_file_is_named_instead_of_a_folder(tmp_path: Path):
    """The setting may name one manifest; others beside it are not read."""
    write(tmp_path, a_json={"x": HELLO}, b_json={"y": NAMED})
    documents = loaded(tmp_path / "a.json")
    assert (len(documents), documents.find_document("y")) == (1, None)


def test_what_is_hidden_is_not_read(tmp_path: Path):
    """A volume of Kubernetes has its files in a hidden folder, and links to them."""
    (tmp_path / "..data").mkdir()
    write(tmp_path / "..data", a_json={"x": HELLO})
    (tmp_path / "a.json").symlink_to(tmp_path / "..data" / "a.json")
    assert [file.name for file in read_document_files(tmp_path, ROOM)] == ["a.json"]


ODD = (
    "documents.trusted: a.json: is no manifest that is known; "
    "it must be an object of ids and texts (Relay, graphql-codegen), or a manifest of Apollo"
)
SHARE = "have clients share one manifest, or make ids by hashes of texts"
HINT = "Did you mean 'hello'? (line 1, column 3)"
FIX = "correct the client, or take the document out"
ROOM_FIX = "raise documents.trusted_bytes, or remove what no client sends any more"
NOT_APOLLO = (
    "documents.trusted: a.json: it looks like a manifest of Apollo, whose format must be apollo-persisted-query-manifest and "
    "version 1; write it by @apollo/generate-persisted-query-manifest"
)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "documents.trusted: a.json: is not JSON; have the tool write it anew"),
        ("[" * 100_000, "documents.trusted: a.json: is not JSON; have the tool write it anew"),
        (b"\xff\xfe{}", "documents.trusted: a.json: is not UTF-8; write it so"),
        ([HELLO], ODD),
        ({"x": 1}, ODD),
        ({"x": {"text": HELLO}}, ODD),
        ("null", ODD),
        ({"": HELLO}, "documents.trusted: a.json: has a document without an id; have the tool write it anew"),
        (apollo(operation(HELLO), version=2), NOT_APOLLO),
        (apollo(operation(HELLO), version=True), NOT_APOLLO),
        (apollo(operation(HELLO), format="other"), NOT_APOLLO),
        (
            apollo(operation(HELLO), operation(NAMED, id=None), "x"),
            "documents.trusted: a.json: operations.1: needs an id and a body, both texts; have the tool write it anew",
        ),
        ({}, "documents.trusted: there is no document; have a client's tool write its manifest there"),
        ('{"x": "{ hello }", "x": "{ hello }", "y": 1}', ODD),
        (
            '{"x": "{ hello }", "x": "{ hello hello }"}',
            "documents.trusted: a.json: x: a.json has another text of this id; " + SHARE,
        ),
        (
            {"x": "{ hello nothing }"},
            "documents.trusted: a.json: x: Cannot query field 'nothing' on type 'Query'. (line 1, column 9); " + FIX,
        ),
        (
            {"x" * 100: "{ hell }"},
            f"documents.trusted: a.json: {'x' * 80}...: Cannot query field 'hell' on type 'Query'. {HINT}; {FIX}",
        ),
        (
            {"x": "{ a b }"},
            "documents.trusted: a.json: x: Cannot query field 'a' on type 'Query'. (line 1, column 3), and 1 more; " + FIX,
        ),
        (
            {"x": "{"},
            "documents.trusted: a.json: x: Syntax Error: Expected Name, found <EOF>. (line 1, column 2); " + FIX,
        ),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(content: Any, problem: str, tmp_path: Path):
    """With file, id and what to do."""
    assert problems_of(write(tmp_path, a_json=content))[0] == problem


def test_all_problems_are_told_at_once(tmp_path: Path):
    """Of every file and document; but a hundred at most."""
    write(tmp_path, a_json={f"a{n}": f"{{ gone{n} }}" for n in range(150)})
    problems = problems_of(tmp_path)
    assert len(problems) == 101
    assert problems[-1] == "documents.trusted: there are 50 more problems; correct these first"
    write(tmp_path, a_json="{", b_json=[1], c_json={"x": HELLO}, d_json={"x": NAMED})
    assert len(problems_of(tmp_path)) == 3


@pytest.mark.parametrize(("text", "count"), [("fragment A on Customer { id }", 0), ("query A { hello } query B { hello }", 2)])
def test_a_file_of_one_document_has_one_operation(text: str, count: int, tmp_path: Path):
    """A file of fragments is not sent, and one of several operations has no name of its own."""
    problem = problems_of(write(tmp_path, a_graphql=text))[-1]
    wrong = f"the file has {count} operations; give each a file, with the fragments that it needs"
    assert count == 0 or problem == f"documents.trusted: a.graphql: {sha256(text)}: {wrong}"
    assert count != 0 or "is never used" in problem


def test_files_that_are_not_there_are_named(tmp_path: Path):
    """A file, and a folder that has none."""
    assert problems_of(tmp_path / "no.json") == [
        "documents.trusted: no.json: cannot be read (No such file or directory); put it there, and let the gateway read it"
    ]
    (tmp_path / "empty").mkdir()
    assert problems_of(tmp_path / "empty") == [
        "documents.trusted: empty: no file in it ends in .json, .graphql, .gql; put a manifest there"
    ]


def test_documents_have_bounded_room(tmp_path: Path):
    """By the bytes of files, before they are read, and by what they take when they are prepared."""
    write(tmp_path, a_json={"x": HELLO}, b_json={"y": NAMED})
    assert problems_of(tmp_path, room=40) == [
        "documents.trusted: b.json: the files have more than 40 bytes up to here; " + ROOM_FIX
    ]
    (problem,) = problems_of(tmp_path, room=10_000)
    assert problem.startswith("documents.trusted: the documents take 2")
    assert problem.endswith("10,000 are the most; raise documents.trusted_bytes, or remove what no client sends any more")


def test_a_document_has_a_largest_size(tmp_path: Path):
    """It protects the parser alone."""
    write(tmp_path, a_json={"x": HELLO + " " * (1 << 20)})
    assert problems_of(tmp_path, room=1 << 30) == ["documents.trusted: a.json: x: is larger than 1,048,576 bytes; ask in parts"]


def test_introspection_is_as_the_settings_have_it(tmp_path: Path):
    """Where the schema cannot be asked for, no trusted document does."""
    write(tmp_path, a_json={"x": "{ __schema { queryType { name } } }"})
    assert len(loaded(tmp_path)) == 1
    assert "introspection" in problems_of(tmp_path, introspection=False)[0]


def test_a_manifest_keeps_the_text_as_it_is(tmp_path: Path):
    """No sign of it is changed, for it is hashed."""
    text = "\tquery A {\r\n  hello # ü \U0001f600\n}"
    write(tmp_path, a_json={"x": text})
    documents, problems = parse_document_files(read_document_files(tmp_path, ROOM))
    assert ([document.text for document in documents], problems) == ([text], [])
