from dataclasses import replace

import bson
import pytest

from tests.ui.driving import NOW
from tests.worker.scene import make_plan, memory_end
from tui_migrate.plan.model import RunKind
from tui_migrate.reports.masking import NOTHING, Mask
from tui_migrate.ui.changes import Changes
from tui_migrate.ui.keymap import USUAL
from tui_migrate.ui.look import LookState
from tui_migrate.ui.rollback_words import (
    shown_versions,
    touched_rows,
    touched_sentences,
    version_text,
    version_words,
)
from tui_migrate.worker.rollback_documents import Fate, TouchedDocument, TouchedList, Versions
from tui_migrate.worker.rollback_preview import Tally

CATALOG = """\
name: own
title: Own
collections:
  users:
    sensitive:
      - {field: email, redaction: mask}
      - {field: _id.mail, redaction: mask}
"""
OLD, NEW, NOW_THERE = (bson.encode({"_id": 1, "a": one}) for one in ("old", "new", "now"))


@pytest.mark.parametrize(
    ("versions", "words", "shown"),
    [
        (Versions(OLD, NEW, NOW_THERE, Fate.CHANGED), "Kept: somebody changed it", '+  "a": "old"'),
        (Versions(OLD, None, NEW, Fate.PUT_BACK), "Put back: the run replaced it", '-  "a": "new"'),
        (Versions(None, None, NEW, Fate.DELETED), "Deleted: the run inserted it", '-   "a": "new"'),
        (Versions(OLD, None, None, Fate.BROUGHT_BACK), "Put back: the run deleted it", '+   "a": "old"'),
        (Versions(OLD, None, NOW_THERE, Fate.ANOTHER), "somebody put this one there", '-  "a": "now"'),
        (Versions(OLD, None, None, Fate.GONE), "Kept away: somebody deleted it", '+   "a": "old"'),
        (Versions(None, None, NEW, Fate.NO_IMAGE), "was not recorded", '-   "a": "new"'),
        (Versions(OLD, None, OLD, Fate.ALREADY), "Nothing is done", "There is no difference any more."),
        (Versions(None, None, None, Fate.NOT_WRITTEN), "Nothing is done", "It is neither in the undo log nor"),
    ],
)
def test_it_says_what_is_done_and_shows_both(versions: Versions, words: str, shown: str) -> None:
    found = shown_versions(versions, "users", NOTHING)
    assert words in version_words(found)[0]
    assert any(line.startswith(shown) for line in version_text(found))


def test_values_that_a_catalog_hides_are_masked_and_told_apart() -> None:
    mask = Mask.of_plan(replace(make_plan(RunKind.COPY, memory_end(), memory_end()), catalog=CATALOG))
    old, wrote, now = (bson.encode({"_id": 1, "email": f"s3cr3t-{one}", "n": 1}) for one in "abc")
    found = shown_versions(Versions(old, wrote, now, Fate.CHANGED), "users", mask)
    said = "\n".join([*version_words(found), *version_text(found)])
    assert "s3cr3t" not in said
    assert "Others changed: email;" in said
    assert [line[0] for line in said.splitlines() if '"email": "*** (' in line] == ["-", "+"]
    one = TouchedDocument("users", "s3cr3t", Fate.DELETED, 8, 0)
    (row,) = touched_rows(TouchedList((one,), 1), mask)
    assert row.cells == ("*** (1)", "deleted: the run inserted it")
    assert "s3cr3t" not in row.name


def test_a_list_that_is_not_all_says_so_and_what_was_counted() -> None:
    kept = (TouchedDocument("a\x1b[2J", "1", Fate.CHANGED, 8, 0),)
    found = TouchedList(kept, 100_000, held=7)
    assert "\x1b" not in touched_rows(found, NOTHING)[0].name
    changes = Changes(LookState.DONE, NOW)
    first, held, counted, already, whole = touched_sentences(
        found, Tally(kept=300, already=1, whole=2), changes, USUAL, force=False
    )
    assert "The run changed 100,000 documents here; the first 500 are listed." in first
    assert "7 documents more went with the whole collection" in held
    assert "300 documents are kept, as counted 2026-09-21 14:13 UTC; 1 of them stand first." in counted
    assert "1 document is as before the run already" in already
    assert "not undone one by one" in whole
    assert "is taken back all the same" in touched_sentences(found, Tally(kept=1), changes, USUAL, force=True)[2]
    assert "since goes, too: x" in touched_sentences(TouchedList(kept, 3), None, None, USUAL, force=True)[1]
