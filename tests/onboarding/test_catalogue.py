"""What is never sampled: credentials, hashes and cards, by name and by shape."""

import pytest

from connectors.catalogue import has_secret_shape, is_secret_name, split_words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CustomerID", ("customer", "id")),
        ("order_purchase_timestamp", ("order", "purchase", "timestamp")),
        ("Zip Code", ("zip", "code")),
        ("placedAt", ("placed", "at")),
        ("contact.e-mail", ("contact", "e", "mail")),
    ],
)
def test_names_are_split_into_words(name: str, words: tuple[str, ...]) -> None:
    """Names in any spelling are the same words in lower case."""
    assert split_words(name) == words


@pytest.mark.parametrize(
    "name", ["password", "PasswordHash", "user_pwd", "api_key", "credit_card_number", "card_no", "iban", "salt", "auth.token"]
)
def test_secrets_are_known_by_their_names(name: str) -> None:
    """Columns that hold credentials and cards are known before anything is read of them."""
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["email", "passenger_name", "discard", "hashtag", "pinned_at", "company", "cardinality", "status"]
)
def test_other_names_are_no_secrets(name: str) -> None:
    """A word that only contains that of a secret is none."""
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "value",
    ["$2b$12$" + "a" * 53, "eyJhbGciOi.eyJzdWIiOi.x", "sk_live_" + "a" * 20, "4111 1111 1111 1111", 4111111111111111],
)
def test_secrets_are_known_by_their_shapes(value: object) -> None:
    """Hashes, tokens and numbers of cards are known by how they are built, whatever their column is called."""
    assert has_secret_shape([value, None])


def test_ids_and_phones_are_no_secrets() -> None:
    """Numbers that fail a card's check digit, telephone numbers and ids are sampled."""
    assert not has_secret_shape(["4111111111111112", "+442079460000", "cus_N1a2b3", "c00001", 42, None])
