import pytest

from tui_migrate.findings import Finding, Severity
from tui_migrate.plan.refusals import Refusals, gravest_first, refusals


def found(code: str, count: int, message: str = "", severity: Severity = Severity.WARNING) -> Finding:
    return Finding(severity, code, "users", message, count=count)


def test_what_the_checks_know_is_added_up() -> None:
    several = [found("validator_rejects", 2), found("unique_clash", 3), found("options_differ", 9)]
    assert refusals(several) == Refusals(5)
    assert refusals([found("document_too_large", 2, severity=Severity.ERROR)]) == Refusals()
    assert refusals([found("validator_rejects", 100, "at least 100 documents do not meet")]) == Refusals(100, False)


def test_what_a_unique_index_may_refuse_counts_as_the_most_unless_its_clashes_were_counted() -> None:
    most = Finding(Severity.WARNING, "unique_redacted", "users.email", "up to 199 documents are refused", count=199)
    assert refusals([most]) == Refusals(199, is_most=True)
    assert refusals([most, found("validator_rejects", 2)]) == Refusals(201, is_most=True)
    clash = Finding(Severity.WARNING, "unique_clash", "users.email", "3 documents have", count=3)
    assert refusals([most, clash]) == Refusals(3)
    assert refusals([most, found("validator_rejects", 100, "at least 100 documents")]) == Refusals(100, False)


def test_what_has_documents_refused_comes_first_among_the_warnings() -> None:
    note = found("validator_untried", 1, severity=Severity.NOTE)
    error = found("dangling_reference", 1, severity=Severity.ERROR)
    harmless = [found("dangling_reference", 1, f"{place}") for place in range(2)]
    refused = [found(code, 1) for code in ("unique_redacted", "validator_rejects", "unique_clash")]
    assert gravest_first([note, *harmless, *refused, error]) == (error, *refused, *harmless, note)


@pytest.mark.parametrize(
    ("known", "allowed", "said"),
    [
        (Refusals(), 0, ""),
        (Refusals(2), 2, "2 documents will be refused and put aside (2 allowed)."),
        (Refusals(1), 5, "1 document will be refused and put aside (5 allowed)."),
        (Refusals(100, False), 1000, "At least 100 documents will be refused and put aside (1,000 allowed)."),
        (Refusals(2), 0, "The run stops at the first of 2 refused documents (none may be put aside)."),
        (Refusals(1), 0, "The run stops at the 1 refused document (none may be put aside)."),
        (
            Refusals(199, is_most=True),
            0,
            "The run stops at the first of up to 199 refused documents (none may be put aside).",
        ),
        (Refusals(1, is_most=True), 1, "Up to 1 document will be refused and put aside (1 allowed)."),
        (Refusals(7), 3, "The run stops after 3 of 7 refused documents (3 may be put aside)."),
    ],
)
def test_what_becomes_of_them_is_one_sentence(known: Refusals, allowed: int, said: str) -> None:
    assert known.words(allowed) == said
