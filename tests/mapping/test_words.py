from tui_migrate.mapping.model import Filter, Rename, Scope
from tui_migrate.mapping.words import MOST_CHARACTERS, scope_words


def test_all_of_a_source_needs_no_words() -> None:
    assert scope_words(Scope()) == []


def test_a_scope_is_said_in_words_and_holds_no_key() -> None:
    scope = Scope(
        renames=(Rename("users", "people"),),
        filters=(Filter("users", '{"a": 1}'),),
        owner='"ann"',
        owner_to='"bob"',
        redact=True,
        redaction_key="ab" * 32,
    )
    said = scope_words(scope)
    assert said == [
        'Only documents of users that match {"a": 1}.',
        'Only what belongs to the user "ann", and what that refers to.',
        'What is the user "ann"\'s becomes "bob"\'s.',
        "users becomes people.",
        "Sensitive fields are redacted, as the catalog says.",
    ]


def test_long_filters_are_cut_and_control_characters_shown() -> None:
    (said,) = scope_words(Scope(filters=(Filter("a\x1bb", '{"a": "' + "x" * 500 + '"}'),)))
    assert "\x1b" not in said
    assert len(said) < MOST_CHARACTERS + 60
