"""What a policy will do to these very data, in one line each, and the sentence of the preflight."""

from typing import Final, TypeGuard

from tui_migrate.amounts import amount
from tui_migrate.mapping.words import scope_words
from tui_migrate.plan.forecast import CollectionForecast
from tui_migrate.plan.model import PackageEnd, Plan, Policy, RunKind
from tui_migrate.plan.refusals import Refusals
from tui_migrate.ui.consequences import Count, Sample
from tui_migrate.ui.draft import Draft
from tui_migrate.ui.look import LookState, place_words
from tui_migrate.ui.package_form import form_words, is_usual
from tui_migrate.ui.scoping import for_names
from tui_migrate.ui.wording import local_time
from tui_migrate.wording import number

NONE_REFUSED: Final = Refusals()
IN_GENERAL: Final = {
    Policy.FAIL: "add what is missing; stop where a document differs",
    Policy.SKIP: "add what is missing; leave what is there as it is",
    Policy.OVERWRITE: "add what is missing; replace what differs",
    Policy.NEWER: "add what is missing; replace what is older there",
    Policy.ASK: "add what is missing; queue what differs, for you to decide",
}
"""What each policy does, whatever the data."""


def outcome(policy: Policy, count: Count | None) -> str:
    """Say in one line what a policy will do, as far as it is counted."""
    if count is None or not count.found:
        return IN_GENERAL[policy]
    total = count.total
    added = f"add {number(total.insert)}"
    if not total.present:
        return f"{added}; the target has none of it"
    return _exactly(policy, total, added) if count.exact else _by_ids(policy, total.present, added)


def _by_ids(policy: Policy, present: int, added: str) -> str:
    if present == 1:
        return {
            Policy.FAIL: f"refused if the one there differs; else {added}",
            Policy.SKIP: f"{added}; leave the one there as it is",
            Policy.OVERWRITE: f"{added}; replace the one there if it differs",
            Policy.NEWER: f"{added}; replace the one there if it is older",
            Policy.ASK: f"{added}; ask about the one there if it differs",
        }[policy]
    there = number(present)
    return {
        Policy.FAIL: f"refused if one of {there} there differs; else {added}",
        Policy.SKIP: f"{added}; leave the {there} there as they are",
        Policy.OVERWRITE: f"{added}; replace those of {there} there that differ",
        Policy.NEWER: f"{added}; replace those of {there} there that are older",
        Policy.ASK: f"{added}; ask about those of {there} there that differ",
    }[policy]


def _exactly(policy: Policy, total: CollectionForecast, added: str) -> str:
    same = f"{number(total.unchanged)} equal"
    if not total.replace:
        return f"{added}; {same}, none differs"
    differ = f"{number(total.replace)} that differ{'s' if total.replace == 1 else ''}"
    return {
        Policy.FAIL: f"refused: {differ.replace(' that', '')}",
        Policy.SKIP: f"{added}; leave {differ}; {same}",
        Policy.OVERWRITE: f"{added}; replace {differ}; {same}",
        Policy.NEWER: f"{added}; replace the older of {number(total.replace)}; {same}",
        Policy.ASK: f"{added}; ask about {differ}; {same}",
    }[policy]


def present_words(count: Count) -> str:
    """Say how much is in the target already, and how that is known."""
    total = count.total
    verb = "is" if total.present == 1 else "are"
    there = f"{number(total.present)} of {documents_words(total.documents)} {verb} in the target already"
    return f"{there} (both ends read whole)" if count.exact else f"{there} (counted by their ids)"


def sample_words(sample: Sample) -> str:
    """Say what a sample showed, and that it is one."""
    if not sample.compared:
        return ""
    share = round(100 * sample.differ / sample.compared)
    verb = "differs" if sample.differ == 1 else "differ"
    return f"Sample: of {number(sample.compared)} of them, compared whole, {number(sample.differ)} {verb} ({share} %)"


def sentence(draft: Draft, count: Count | None, documents: int, refused: Refusals = NONE_REFUSED) -> str:
    """Say what the run will do and whether it can be undone.

    `documents` is the estimate of the source, or of the plan, `refused` what the checks know that the target will not
    take.
    """
    if draft.target is None or draft.source is None:
        return ""
    if isinstance(draft.target, PackageEnd):
        of = f"{len(draft.chosen):,} collection{'s' if len(draft.chosen) != 1 else ''}"
        how = "" if is_usual(draft.target) else f" ({form_words(draft.target)})"
        return (
            f"Write {_estimate(draft, documents)} of {of} of {place_words(draft.source)} "
            f"into a new {place_words(draft.target)}{how}. {_scope_words(draft)}Nothing that exists is changed."
        )
    deed = _deed(draft, count, documents, place_words(draft.target))
    aside = refused.words(draft.max_rejects)
    aside = f"{aside} " if aside else ""
    return f"{deed} {aside}{_mirror_words(draft, count)}{_scope_words(draft)}{_undo_words(draft)}"


def plan_file_words(plan: Plan) -> tuple[str, ...]:
    """Say what the file of a plan will hold that is nobody else's business."""
    if not plan.scope.redaction_key:
        return ("A file that is not there yet, for you alone. It holds no password.",)
    return (
        "A file that is not there yet, for you alone. It holds no password, but the key of the hashes that redaction"
        " makes: who has it can try whether a hash is that of a value they guess.",
    )


def _estimate(draft: Draft, documents: int) -> str:
    """How many documents, where nobody has counted; of a part no more is known than that it is not more than all."""
    scope = for_names(draft.scope, draft.chosen)
    is_part = bool(scope.filters or scope.owner)
    by = f" by {amount(len(scope.filters), 'filter')}" if scope.filters else ""
    return f"{'up to' if is_part else 'about'} {documents_words(documents)}{by}"


def _scope_words(draft: Draft) -> str:
    return "".join(f"{one} " for one in scope_words(draft.scope))


def _is_counted(count: Count | None) -> TypeGuard[Count]:
    return count is not None and bool(count.found) and len(count.found) >= count.expected


def _mirror_deed(count: Count, place: str) -> str:
    """Say of each document of both ends what a mirror does to it, as far as that is known, and as of when."""
    total, at = count.total, local_time(count.at)
    delete = ("DELETE" if total.delete else "delete", total.delete)  # none is worth saying, too
    if count.exact:
        stay = "1 stays as it is" if total.unchanged == 1 else f"{number(total.unchanged)} stay as they are"
        changes = _some(("replace", total.replace), ("add", total.insert))
        return f"{_deeds(*changes, delete)} in {place}; {stay} (as of {at})."
    there = f"; of {number(total.present)} that both have, those that differ are replaced" if total.present else ""
    return f"{_deeds(*_some(('add', total.insert)), delete)} in {place}{there} (by their ids, as of {at})."


def _some(*deeds: tuple[str, int]) -> list[tuple[str, int]]:
    """Leave out what is done to no document."""
    return [one for one in deeds if one[1]]


def _deeds(*deeds: tuple[str, int]) -> str:
    """Begin a sentence with what is done to how many documents: `Replace 3, add 2 and delete 1 document`."""
    *before, (last, count) = deeds
    said = ", ".join(f"{verb} {number(many)}" for verb, many in before)
    whole = f"{said} and {last} {documents_words(count)}" if before else f"{last} {documents_words(count)}"
    return whole[0].upper() + whole[1:]


def _mirror_words(draft: Draft, count: Count | None) -> str:
    if not draft.mirror:
        return ""
    if _is_counted(count):
        return "Indexes and options become the source's. "
    return "What the target alone has in these collections is DELETED; indexes and options become the source's. "


def _deed(draft: Draft, count: Count | None, documents: int, place: str) -> str:
    if count is not None and count.state is LookState.DONE and not count.expected:
        return f"Define {len(draft.chosen):,} view{'s' if len(draft.chosen) != 1 else ''} in {place}; no documents."
    if not _is_counted(count):
        verb = "Import" if draft.kind is RunKind.IMPORT else "Copy"
        return f"{verb} {_estimate(draft, documents)} into {place}: {IN_GENERAL[draft.policy]}."
    if draft.mirror:
        return _mirror_deed(count, place)
    total = count.total
    added = f"dd {documents_words(total.insert)}"
    there = "the one that is" if total.present == 1 else f"the {number(total.present)} that are"
    if not total.present:
        return f"A{added} in {place}."
    if draft.policy is Policy.SKIP:
        return f"A{added} in {place} and leave {there} there as {'it is' if total.present == 1 else 'they are'}."
    if draft.policy is Policy.FAIL:
        one = "the one that is" if total.present == 1 else f"one of {there}"
        return f"A{added} in {place}; stop if {one} there differs."
    if draft.policy is Policy.NEWER:
        older = "it if it is" if total.present == 1 else "those that are"
        return f"A{added} in {place}; of {there} there, replace {older} older."
    if draft.policy is Policy.ASK:
        differ = "it if it differs" if total.present == 1 else "those that differ"
        return f"A{added} in {place}; of {there} there, ask about {differ}."
    if count.exact:
        changes = _some(("replace", total.replace), ("add", total.insert))
        return f"{_deeds(*changes)} in {place}." if changes else f"Replace nothing and add nothing in {place}."
    guess = f" (in a sample, {count.sample.differ} of {count.sample.compared})" if count.sample.compared else ""
    if total.present == 1:
        return f"A{added} in {place} and replace {there} there if it differs{guess}."
    return f"A{added} in {place} and replace those of {there} there that differ{guess}."


def documents_words(count: int) -> str:
    """Say so many documents."""
    return f"{number(count)} document{'s' if count != 1 else ''}"


def _undo_words(draft: Draft) -> str:
    return "Can be undone." if draft.undo else "CANNOT BE UNDONE: it keeps no undo log."
