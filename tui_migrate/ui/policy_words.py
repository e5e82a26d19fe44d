"""What a policy will do to these very data, in one line each, and the sentence of the preflight."""

from typing import Final

from tui_migrate.plan.model import PackageEnd, Policy, RunKind
from tui_migrate.ui.consequences import Count, Sample
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.look import place_words
from tui_migrate.ui.wording import number

IN_GENERAL: Final = {
    Policy.FAIL: "add what is missing; stop where a document differs",
    Policy.SKIP: "add what is missing; leave what is there as it is",
    Policy.OVERWRITE: "add what is missing; replace what differs, keeping it in the undo log",
}
"""What each policy does, whatever the data."""


def outcome(policy: Policy, count: Count | None) -> str:
    """Say in one line what a policy will do, as far as it is counted."""
    if count is None or not count.found:
        return IN_GENERAL[policy]
    total = count.total
    added = f"add {number(total.insert)}"
    if not total.present:
        return f"{added}; nothing of it is in the target, so every policy does the same"
    if not count.exact:
        there = number(total.present)
        return {
            Policy.FAIL: f"refused if one of the {there} there differs; else {added}",
            Policy.SKIP: f"{added}; leave the {there} there as they are",
            Policy.OVERWRITE: f"{added}; replace those of the {there} there that differ",
        }[policy]
    same, differ = f"{number(total.unchanged)} are equal", number(total.replace)
    if not total.replace:
        return f"{added}; {same} and stay, none differs"
    return {
        Policy.FAIL: f"refused: {differ} differ",
        Policy.SKIP: f"{added}; leave {differ} that differ as they are; {same}",
        Policy.OVERWRITE: f"{added}; replace {differ} that differ; {same}",
    }[policy]


def present_words(count: Count) -> str:
    """Say how much is in the target already, and how that is known."""
    total = count.total
    there = f"{number(total.present)} of {number(total.documents)} documents are in the target already"
    return f"{there} (both ends read whole)" if count.exact else f"{there} (counted by their ids)"


def sample_words(sample: Sample) -> str:
    """Say what a sample showed, and that it is one."""
    if not sample.compared:
        return ""
    share = round(100 * sample.differ / sample.compared)
    return (
        f"Sample: of {number(sample.compared)} of them that were compared, {number(sample.differ)} differ ({share} %)"
    )


def sentence(draft: Draft, count: Count | None, documents: int) -> str:
    """Say in one sentence what the run will do and whether it can be undone; `documents` is the source's estimate."""
    if draft.target is None or draft.source is None:
        return ""
    if isinstance(draft.target, PackageEnd):
        of = f"{len(draft.chosen):,} collection{'s' if len(draft.chosen) != 1 else ''}"
        return (
            f"Write about {number(documents)} documents of {of} of {place_words(draft.source)} "
            f"into a new {place_words(draft.target)}. Nothing that exists is changed."
        )
    return f"{_deed(draft, count, documents, place_words(draft.target))} {_undo_words(draft)}"


def _deed(draft: Draft, count: Count | None, documents: int, place: str) -> str:
    if count is None or not count.found or len(count.found) < count.expected:
        verb = "Import" if draft.kind is RunKind.IMPORT else "Copy"
        return f"{verb} about {number(documents)} documents into {place}: {IN_GENERAL[draft.policy]}."
    total = count.total
    added, there = number(total.insert), number(total.present)
    if not total.present:
        return f"Add {added} documents in {place}."
    if draft.policy is Policy.SKIP:
        return f"Add {added} documents in {place} and leave {there} that are there as they are."
    if draft.policy is Policy.FAIL:
        return f"Add {added} documents in {place}; stop if one of {there} that are there differs."
    if count.exact:
        return f"Replace {number(total.replace)} and add {added} documents in {place}."
    guess = f" (in a sample, {count.sample.differ} of {count.sample.compared})" if count.sample.compared else ""
    return f"Add {added} documents in {place} and replace those of {there} that differ{guess}."


def _undo_words(draft: Draft) -> str:
    return "Can be undone." if draft.undo else "CANNOT BE UNDONE: it keeps no undo log."
