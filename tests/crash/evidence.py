"""What is looked at when a run is compared with one that was left alone."""

import json
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.scene import Ended
from tui_migrate import failpoints
from tui_migrate.documents import raw_id
from tui_migrate.engine.undo_log import Intent, Outcome
from tui_migrate.engine.undo_reader import UndoReader, is_blank
from tui_migrate.journal.records import RunRecord
from tui_migrate.ordering import Key, order_key
from tui_migrate.packages.layout import MANIFEST
from tui_migrate.paths import RunFolder

OF_THE_MOMENT = ("created_at", "interval", "checksum")
"""What of a manifest names the run's own time; the checksum is over these too."""

Package = Mapping[str, object]
Rejects = Sequence[tuple[str, bytes, int]]
"""By collection the documents that the target refused, with the code of the reason."""


@contextmanager
def noted(passed: list[str]) -> Iterator[None]:
    """Take down the failpoints that this process comes by."""
    real = failpoints.failpoint
    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("tui_migrate.") and getattr(module, "failpoint", None) is real:
                patch.setattr(module, "failpoint", passed.append)
        yield


def read_package(path: Path) -> Package:
    """Every file by its place in the package, the manifest without what names the run's own time."""
    files = _in_tar(path) if path.is_file() else _in_folder(path)
    manifest = json.loads(files[MANIFEST])
    return {**files, MANIFEST: {name: value for name, value in manifest.items() if name not in OF_THE_MOMENT}}


def _in_folder(path: Path) -> dict[str, bytes]:
    return {one.relative_to(path).as_posix(): one.read_bytes() for one in path.rglob("*") if one.is_file()}


def _in_tar(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        found = {one.name: tar.extractfile(one) for one in tar if one.isfile()}
        return {name: content.read() for name, content in found.items() if content is not None}


def by_key(documents: Sequence[bytes]) -> dict[Key, bytes]:
    found: dict[Key, bytes] = {}
    for one in documents:
        identifier = raw_id(one)
        assert identifier is not None
        found[order_key(identifier)] = one
    assert len(found) == len(documents), "a document is there twice"
    return found


Records = dict[tuple[str, Key], list[tuple[Intent, Outcome | None]]]


def intents_of(folder: RunFolder) -> Records:
    """Read what an undo log says of each document, without what went with a collection that was emptied."""
    found: Records = {}
    if is_blank(folder.undo_log):
        return found
    with UndoReader(folder.undo_log) as undo:
        index = undo.index()
        for offset in index.groups:
            group = undo.group_at(offset)
            if offset > index.begins.get(group.collection, 0):
                outcomes = group.outcomes or (None,) * len(group.intents)
                for intent, outcome in zip(group.intents, outcomes, strict=True):
                    found.setdefault((group.collection, order_key(intent.id)), []).append((intent, outcome))
    return found


def taken_from(folder: RunFolder) -> tuple[set[tuple[str, bytes]], set[tuple[str, str]]]:
    """Read what an undo log keeps: documents by collection, and what was to be taken away, `""` for a whole one."""
    if is_blank(folder.undo_log):
        return set(), set()
    with UndoReader(folder.undo_log) as undo:
        index = undo.index()
        kept = {
            (group.collection, one.before)
            for group in map(undo.group_at, index.groups)
            for one in group.intents
            if one.before is not None
        }
        for removed in index.removed:
            kept |= {(removed.collection, one) for one in undo.held(removed)}
        return kept, {(one.collection, one.name) for one in index.removed}


def of_record(record: RunRecord) -> Ended:
    """A run that has ended, as its record alone has it."""
    return Ended(record.state.exit_code, record)


def comparable(ended: Ended) -> object:
    """What a user sees of a run, less what can only be told of one that was broken off."""
    record = ended.record
    counted = [(one.name, one.state, replace(one.counts, assumed_ours=0)) for one in record.collections]
    found = {(one.code, one.subject, one.severity, one.count) for one in record.findings if one.code != "assumed_ours"}
    return ended.exit_code, record.state, counted, found
