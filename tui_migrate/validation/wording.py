"""What validation says of what it found: paths and ids, never another value of a document."""

from collections.abc import Sequence
from dataclasses import replace

from tui_migrate.catalogs.model import OnMissing
from tui_migrate.documents import RawId
from tui_migrate.findings import Finding, Severity
from tui_migrate.redaction import printable
from tui_migrate.stores.unique import UniqueIndex
from tui_migrate.validation.drift import MOST_PATHS, Drift
from tui_migrate.validation.evidence import Dangling
from tui_migrate.validation.model import FEW, Example, Issue, few, shown
from tui_migrate.validation.rules import CollectionRules, Followed


def dangling_issue(rules: CollectionRules, followed: Followed, found: Dangling) -> Issue:
    """Tell of a reference whose values lead to documents that are not there."""
    examples = tuple(
        Example(shown(document, hidden=rules.hides_ids), shown(value, hidden=followed.hides))
        for value, document in found.first
    )
    reference = followed.reference
    severity = Severity.ERROR if reference.on_missing is OnMissing.ERROR else Severity.WARNING
    by = "" if reference.to_field == "_id" else f" by {reference.to_field}"
    what = "reference leads" if found.references == 1 else "references lead"
    of = "document" if found.documents == 1 else "documents"
    such = "; ".join(f"_id {one.document} to {one.about}" for one in examples[:FEW])
    where = f"the {followed.to}{by}, in {found.documents:,} {of}"
    message = f"{found.references:,} {what} to nothing among {where}, such as {such}"
    hint = "add what it refers to, or correct the field at the source"
    return _issue(rules, severity, "dangling_reference", reference.field, message, hint, found.references, examples)


def required_issue(rules: CollectionRules, path: str, count: int, first: Sequence[RawId | None]) -> Issue:
    """Tell of documents that lack a required field."""
    examples = _named(rules, first)
    what = "document lacks" if count == 1 else "documents lack"
    message = f"{count:,} {what} the required field {path}, such as _id {few(examples)}"
    hint = "give them the field, or leave them out"
    return _issue(rules, Severity.ERROR, "required_missing", path, message, hint, count, examples)


def duplicate_issue(rules: CollectionRules, index: UniqueIndex, count: int, first: Sequence[RawId | None]) -> Issue:
    """Tell of documents with values of a unique index that an earlier document has."""
    examples = _named(rules, first)
    what = "document has" if count == 1 else "documents have"
    message = (
        f"{count:,} {what} the {', '.join(index.fields)} of an earlier document, which the unique index {index.name}"
        f" does not allow, such as _id {few(examples)}"
    )
    hint = f"make them differ, leave them out, or let an import put them aside: --max-rejects {count}"
    return _issue(rules, Severity.WARNING, "value_duplicate", index.name, message, hint, count, examples)


def drift_issue(rules: CollectionRules, found: Drift) -> Issue:
    """Tell of a field with values of several types."""
    each = [
        (one, ", ".join(shown(document, hidden=rules.hides_ids) for document in one.documents)) for one in found.types
    ]
    parts = "; ".join(f"{one.count:,} {one.type} (_id {documents})" for one, documents in each)
    count = sum(one.count for one in found.types[1:])
    severity = Severity.NOTE if found.is_numeric else Severity.WARNING
    examples = tuple(
        Example(shown(document, hidden=rules.hides_ids), one.type) for one in found.types for document in one.documents
    )
    hint = "" if found.is_numeric else "see which of them is meant; queries and indexes tell types apart"
    message = f"its values have several types: {parts}"
    issue = _issue(rules, severity, "type_drift", found.path, message, hint, count, examples)
    return replace(issue, says_all=True)


def unfollowed_issue(rules: CollectionRules) -> Issue:
    """Say that not all fields of a collection were looked at."""
    message = (
        f"there are more than {MOST_PATHS:,} fields, or very long names; the types of the others were not compared"
    )
    hint = "keys that are data make a field each; an array of documents would not"
    return _issue(rules, Severity.NOTE, "fields_unfollowed", "", message, hint, 1, ())


def _named(rules: CollectionRules, first: Sequence[RawId | None]) -> tuple[Example, ...]:
    return tuple(Example(shown(one, hidden=rules.hides_ids)) for one in first)


def _issue(
    rules: CollectionRules,
    severity: Severity,
    code: str,
    field: str,
    message: str,
    hint: str,
    count: int,
    examples: tuple[Example, ...],
) -> Issue:
    collection, path = printable(rules.info.name), printable(field)
    subject = f"{collection}.{path}" if path else collection
    finding = Finding(severity, code, subject, printable(message), hint, count)
    return Issue(finding, collection, path, examples)
