"""What a catalog calls sensitive is not on the sheet of a document that a rollback keeps; that it differs is."""

from dataclasses import replace

import bson

from tests.worker.scene import make_plan, memory_end
from tui_migrate.plan.model import RunKind
from tui_migrate.ui.kept_words import comparison
from tui_migrate.ui.screens.kept import KeptSheet, Taken
from tui_migrate.worker.kept_document import Versions
from tui_migrate.worker.rollback_preview import KeptDocument, Reason, Wanted

CATALOG = """\
name: own
title: Own
collections:
  users:
    sensitive:
      - {field: email, redaction: mask}
"""


def test_the_values_are_masked_and_told_apart() -> None:
    plan = replace(make_plan(RunKind.COPY, memory_end(), memory_end()), catalog=CATALOG)
    kept = KeptDocument("users", "1", Wanted.RESTORE, Reason.CHANGED, 0, 0)
    before, now = (bson.encode({"_id": 1, "email": f"s3cr3t-{one}", "n": 1}) for one in ("a", "b"))
    shown = KeptSheet(Taken(1, plan), kept)._shown(Versions(before, None, now))
    said = "\n".join(comparison(shown))
    assert "s3cr3t" not in said
    assert [line[0] for line in said.splitlines() if '"email": "*** (' in line] == ["-", "+"]
