"""Writing a drafted catalog: YAML that loads as it is, with the evidence of each proposal as a comment."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import yaml

from tui_migrate.catalogs import names
from tui_migrate.catalogs.infer import Evidence, proposals
from tui_migrate.catalogs.loader import NAME_FORM, from_text
from tui_migrate.catalogs.model import Catalog
from tui_migrate.catalogs.sampling import BINARY, STRING, Sample
from tui_migrate.redaction import printable

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_MOST_TOLD: Final = 20
"""Doubtful references of one collection that are told."""


def draft(name: str, samples: Mapping[str, Sample], evidence: Sequence[Evidence]) -> Catalog:
    """Make a catalog of what samples and lookups have shown; its `text` has the evidence. `samples` are not empty."""
    proposed = proposals(evidence)
    owners = _owners(proposed.values(), list(samples))
    lines = [
        "# A draft made from the data. Go through it: what is proposed holds for the documents that were looked at.",
        f"name: {name}",
        f"title: {_scalar(name)}",
        "collections:",
    ]
    for collection, sample in samples.items():
        mine = [one for one in evidence if one.collection == collection]
        lines += [f"  {_scalar(collection)}:", *(f"    {line}" for line in _about(sample, mine, proposed, owners))]
    return from_text("\n".join(lines) + "\n", f"the draft {name}")


def name_for(word: str) -> str:
    """Make a catalog's name of that of a database or a file."""
    name = re.sub(r"[^a-z0-9_-]+", "-", word.lower()).strip("-_")[:100]
    return name if NAME_FORM.fullmatch(name) else "draft"


def _about(
    sample: Sample,
    evidence: Sequence[Evidence],
    proposed: Mapping[tuple[str, str], Evidence],
    owners: Mapping[str, tuple[str, str]],
) -> Iterator[str]:
    """Give the lines about one collection."""
    extent = "all" if sample.is_whole else "the first"
    yield _comment(f"looked at {extent} {sample.documents:,} documents" if sample.documents else "it has no documents")
    chosen = [one for one in evidence if proposed.get((one.collection, one.field)) is one]
    doubtful = [one for one in evidence if one not in chosen]
    for one in doubtful[:_MOST_TOLD]:
        yield _comment(f"not proposed: {one.field} → {one.to}: {_found(one)}; {_doubt(one, chosen)}")
    if len(doubtful) > _MOST_TOLD:
        yield _comment(f"and {len(doubtful) - _MOST_TOLD} more of that kind")
    if chosen:
        yield "references:"
    for one in chosen:
        yield f"  {_comment(f'{_found(one)} in {one.to}')}"
        missing = "error" if one.found == one.values else "warn"
        yield f"  - {{field: {_scalar(one.field)}, to: {_scalar(one.to)}, on_missing: {missing}}}"
    if required := sample.required():
        yield f"required: [{', '.join(map(_scalar, required))}]"
    yield from _sensitive(sample)
    if sample.info.name in owners:
        owner, why = owners[sample.info.name]
        yield _comment(f"a candidate: {why}")
        yield f"owner: {owner}"


def _sensitive(sample: Sample) -> Iterator[str]:
    is_begun = False
    for path, one in sorted(sample.paths.items()):
        found = names.sensitivity(path)
        if path == "_id" or found is None or not one.kinds & {STRING, BINARY}:
            continue
        if not is_begun:
            is_begun = True
            yield _comment("candidates by their names")
            yield "sensitive:"
        word, redaction = found
        yield f"  - {{field: {_scalar(path)}, redaction: {redaction}, reason: {_scalar(f'{word} in its name')}}}"


def _found(one: Evidence) -> str:
    return f"{one.found} of {one.values} distinct sampled values were found"


def _doubt(one: Evidence, chosen: Sequence[Evidence]) -> str:
    """Say why a reference is not proposed."""
    other = next((rival for rival in chosen if rival.field == one.field), None)
    if other is not None:
        return f"{other.to} fits better"
    if one.field == "_id":
        return "both have the same ids, which does not say which of them refers to the other"
    if one.is_weak:
        return "numbers and short texts are found by chance"
    return "too few"


def _owners(proposed: Iterable[Evidence], collections: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give for each collection the YAML of the way to its owner, and why; the nearest way where there are several."""
    references: dict[str, list[Evidence]] = defaultdict(list)
    for one in proposed:
        if not one.is_in_array:
            references[one.collection].append(one)
    people = _people(references, collections)
    if people is None:
        return {}
    found = {people: ("_id", "its documents are the users")}
    fields: dict[str, tuple[tuple[str, ...], str]] = {}
    for name in collections:
        direct = [one for one in references[name] if one.to == people and names.may_own(one.field)]
        if direct and name != people:
            best = max(direct, key=lambda one: (one.fit, one.found))
            fields[name] = ((), best.field)
            found[name] = (_owner((), best.field), f"{best.field} refers to {people}")
    while True:
        further: dict[str, tuple[tuple[str, ...], str]] = {}
        for name in collections:
            steps = [one for one in references[name] if one.to in fields and one.to != name]
            if name not in found and steps:
                through, field = fields[steps[0].to]
                further[name] = ((steps[0].field, *through), field)
                found[name] = (_owner(*further[name]), f"{steps[0].field} refers to {steps[0].to}, which has an owner")
        if not further:
            return found
        fields |= further


def _people(references: Mapping[str, Sequence[Evidence]], collections: Sequence[str]) -> str | None:
    """Choose the collection of those that data belong to: the one most referred to of those called so."""
    counted = {name: 0 for name in collections if names.is_people(name)}
    for some in references.values():
        for one in some:
            if one.to in counted:
                counted[one.to] += 1
    return max(counted, key=lambda name: counted[name], default=None)


def _owner(through: Sequence[str], field: str) -> str:
    if not through and "." not in field:
        return _scalar(field)
    return f"{{through: [{', '.join(map(_scalar, through))}], field: {_scalar(field)}}}"


def _comment(text: str) -> str:
    return f"# {printable(text)}"


def _scalar(text: str) -> str:
    """Write a text so that YAML reads it as it is."""
    if _PLAIN.fullmatch(text):
        return text
    return yaml.safe_dump(text, default_style='"', width=2**31, allow_unicode=False).strip()
