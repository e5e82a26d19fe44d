"""The rules of a mirror: what of a target is changed in place, and what is replaced whole.

A mirror makes the target's collections the same as the source's. Documents that only the target has are deleted,
indexes that only it has are dropped, and a validator that differs is set. What cannot be changed in place is replaced:
emptied, dropped and created anew with the options of the source.
"""

from tui_migrate.definitions import index_name, is_id_index, same_definition, same_index, split_validation
from tui_migrate.plan.model import Plan, Policy, RunKind
from tui_migrate.stores.base import CollectionInfo, CollectionKind


def is_mirror(plan: Plan) -> bool:
    """Say whether a plan mirrors: a retry, whose source is no more than what was refused before, never does."""
    return plan.mirror and not plan.retry_of


def obstacle(plan: Plan) -> str:
    """Say why a plan cannot mirror as it wants to, or nothing."""
    if not plan.mirror:
        wanted = any(one.remove for one in plan.collections)
        return "collections are removed by a plan with mirror: true alone" if wanted else ""
    if plan.kind not in (RunKind.IMPORT, RunKind.COPY):
        return f"an {plan.kind} cannot mirror" if plan.kind is RunKind.EXPORT else f"a {plan.kind} cannot mirror"
    if plan.policy is not Policy.OVERWRITE:
        return "a mirror replaces what differs: its policy is overwrite"
    if not plan.undo:
        return "a mirror deletes what the source does not have, and is not run without undo"
    return ""


def is_replaced(mine: CollectionInfo, theirs: CollectionInfo) -> bool:
    """Say whether the target's collection or view is replaced whole, to be as the source's is."""
    if mine.kind is not theirs.kind:
        return True
    if mine.kind is CollectionKind.VIEW:
        return not same_definition(mine.options, theirs.options)
    if not mine.kind.has_keys or not theirs.simple_order:
        return True
    return not same_definition(split_validation(mine.options)[0], split_validation(theirs.options)[0])


def indexes_to_drop(mine: CollectionInfo, theirs: CollectionInfo) -> list[bytes]:
    """Give the target's indexes that the source's collection does not have, or has defined otherwise."""
    wanted = {index_name(one): one for one in mine.indexes}
    dropped: list[bytes] = []
    for index in theirs.indexes:
        like = wanted.get(index_name(index))
        if not is_id_index(index) and (like is None or not same_index(like, index)):
            dropped.append(index)
    return dropped


def has_other_validator(mine: CollectionInfo, theirs: CollectionInfo) -> bool:
    """Say whether validator, level or action of the target's collection differ."""
    return not same_definition(split_validation(mine.options)[1], split_validation(theirs.options)[1])
