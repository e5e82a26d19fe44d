from bson import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.comparison.document_text import MAX_LINES, without_commas
from tui_migrate.comparison.model import FieldChange, FieldKind
from tui_migrate.reports.masking import NOTHING
from tui_migrate.ui.conflict_words import comparison
from tui_migrate.ui.document_diff import DocumentDiff, diff_of, side_by_side, unified
from tui_migrate.ui.widgets.table import Tone
from tui_migrate.worker.conflict_documents import Sides

lines = st.lists(
    st.sampled_from(['  "a": 1,', '  "a": 1', '  "b": 2,', "{", "}", '  "c": "[x]",']), min_size=1, max_size=12
)


@given(lines, lines)
@settings(derandomize=True, max_examples=100, deadline=None)
def test_both_columns_hold_every_line_and_only_equal_ones_stand_unmarked(left: list[str], right: list[str]) -> None:
    rows = side_by_side(DocumentDiff((), tuple(left), tuple(right)))
    assert [one.cells[1] for one in rows if one.cells[1]] == left
    assert [one.cells[2] for one in rows if one.cells[2]] == right
    assert all((len(set(without_commas(one.cells[1:]))) == 1) is (one.cells[0] == "") for one in rows)
    assert len({one.key for one in rows}) == len(rows)
    assert all(one.key.startswith("!") is (one.cells[0] != "") for one in rows)


def test_a_document_that_one_end_lacks_is_shown_whole() -> None:
    diff = diff_of(encode({"_id": 1, "a": "x"}), None, "users", NOTHING)
    assert diff.fields == ()
    assert unified(diff)[2:] == ["+ {", '+   "_id": {"$numberInt": "1"},', '+   "a": "x"', "+ }"]
    assert all((row.cells[0], row.tone) == ("+", Tone.GOOD) for row in side_by_side(diff))


def test_minus_is_what_the_target_has_and_would_lose_and_plus_is_what_would_be_written() -> None:
    source, target = encode({"_id": 1, "new": 1, "n": 1}), encode({"_id": 1, "old": 2, "n": 2})
    diff = diff_of(source, target, "users", NOTHING)
    shown = unified(diff, ("the source's", "the target's"))
    fields = [one for one in shown if one.startswith(("- ", "+ ", "~ ", "    "))]
    assert fields[:2] == ["+ new: only in A", '    + {"$numberInt": "1"}']
    assert shown[shown.index("# Document") + 2 :][:2] == ["--- the target's", "+++ the source's"]
    for text in (shown, comparison(Sides(source, target, is_as_queued=True))):
        changed = [one for one in text if one.startswith(('-  "', '+  "'))]
        assert all(one.startswith("-") is ('"2"' in one) for one in changed)
        assert len(changed) == 4
    assert "- old: only in B" in shown
    assert shown.index('    - {"$numberInt": "2"}') < shown.index('    + {"$numberInt": "1"}', 6)
    assert comparison(Sides(source, None, is_as_queued=True))[0] == "+ {"
    assert comparison(Sides(None, target, is_as_queued=True))[0] == "- {"
    signs = {row.cells[0]: row.tone for row in side_by_side(diff_of(None, target, "users", NOTHING))}
    assert signs == {"-": Tone.BAD}


def test_what_is_equal_by_now_is_said_to_be() -> None:
    document = encode({"_id": 1})
    assert "There is no difference any more." in unified(diff_of(document, document, "users", NOTHING))


def test_lines_that_are_equal_as_far_as_they_are_shown_are_not_called_no_difference() -> None:
    left, right = (encode({"_id": 1, **dict.fromkeys(map(str, range(MAX_LINES)), 0), "last": one}) for one in (1, 2))
    shown = unified(diff_of(left, right, "users", NOTHING))
    assert "These lines are equal." in shown
    assert "There is no difference any more." not in shown
    assert comparison(Sides(left, right, is_as_queued=True))[:2] == [
        "! Only the first lines are compared.",
        "These lines are equal.",
    ]


def test_without_the_documents_the_fields_are_shown() -> None:
    diff = DocumentDiff((FieldChange("a.b", FieldKind.ADDED, None, "1"),))
    assert unified(diff) == ["# Fields that differ", "", "- a.b: only in B", "    - 1", ""]
    assert [row.cells for row in side_by_side(diff)] == [("-", "a.b: ", "a.b: 1")]
