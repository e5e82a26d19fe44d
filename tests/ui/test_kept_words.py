import bson
import pytest

from tui_migrate.comparison.document_text import MAX_LINES
from tui_migrate.reports.masking import NOTHING
from tui_migrate.ui.kept_words import comparison, kept_rows, kept_sentences, sheet_words
from tui_migrate.worker.kept_document import Versions
from tui_migrate.worker.rollback_preview import KeptDocument, Reason, Wanted

OLD, NEW, NOW = (bson.encode({"_id": 1, "a": one}) for one in ("old", "new", "now"))


@pytest.mark.parametrize(
    ("versions", "compared", "shown"),
    [
        (Versions(OLD, NEW, NOW), "what the run wrote (-), which the source still has,", '-  "a": "new"'),
        (Versions(OLD, None, NOW), "the document before the run (-)", '-  "a": "old"'),
        (Versions(None, None, NOW), "nothing: it was not there before the run", '  "a": "now"'),
        (Versions(OLD, NEW, None), "not in the target any more; shown is what the run wrote", '  "a": "new"'),
        (Versions(OLD, None, None), "not in the target any more; shown is the document before", '  "a": "old"'),
        (Versions(None, None, None), "nothing: it was not there before the run", "It is not in the target."),
        (Versions(OLD, NEW, NEW, is_as_written=True), "nothing: by now it is as the run wrote it", '  "a": "new"'),
        (Versions(OLD, None, OLD), "the document before the run (-)", "There is no difference"),
    ],
)
def test_it_says_what_is_compared_with_what(versions: Versions, compared: str, shown: str) -> None:
    lines = comparison(versions)
    assert compared in lines[0]
    assert any(line.startswith(shown) for line in lines[1:])


def test_documents_of_many_lines_are_compared_as_far_as_they_are_shown() -> None:
    first, second = (bson.encode({"a": list(range(5_000)), "b": end}) for end in (1, 2))
    lines = comparison(Versions(first, None, second))
    assert any("Only the first lines are compared" in line for line in lines)
    assert any("equal in the first 2,000 lines" in line for line in lines)
    assert len(comparison(Versions(None, None, first))) <= MAX_LINES + 3


def test_names_and_ids_are_harmless() -> None:
    kept = KeptDocument("a\x1b[2J", "1", Wanted.DELETE, Reason.CHANGED, 8, 0)
    (row,) = kept_rows([kept], NOTHING)
    assert row.cells == ("a\\x1b[2J", "1", "delete it", "changed")
    assert "\x1b" not in "".join(sheet_words(kept, NOTHING))


def test_a_list_that_is_not_all_says_so() -> None:
    assert len(kept_sentences(3, 3, "now")) == 1
    assert "The first 200 are listed" in kept_sentences(200, 1_204, "now")[1]
