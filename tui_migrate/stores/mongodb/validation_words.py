"""What a validator disliked about a document, in words: which field, what it must be, and which type it is.

Reads `errInfo.details` of a server's code 121 (MongoDB 5.0 and later). The document's values are never quoted, only
their types: whatever a catalog calls sensitive stays out of every reason.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

Details = Mapping[str, object]

MOST: Final = 5
"""Reasons that are told of one document; a schema can have hundreds."""
_DEEPEST: Final = 20

_TYPES: Final = {
    "array": "an array",
    "binData": "binary data",
    "bool": "a boolean",
    "boolean": "a boolean",
    "date": "a date",
    "decimal": "a decimal",
    "double": "a double",
    "int": "a 32-bit integer",
    "integer": "a whole number",
    "long": "a 64-bit integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "objectId": "an ObjectId",
    "regex": "a regular expression",
    "string": "a string",
    "timestamp": "a timestamp",
}
_ONE_OF: Final = ("anyOf", "oneOf", "$or")
_ABSENT: Final = ("field was missing", "path does not exist")
_BOUNDS: Final = {
    "minimum": "be at least {}",
    "maximum": "be at most {}",
    "minLength": "have at least {} characters",
    "maxLength": "have at most {} characters",
    "minItems": "have at least {} items",
    "maxItems": "have at most {} items",
    "minProperties": "have at least {} fields",
    "maxProperties": "have at most {} fields",
    "multipleOf": "be a multiple of {}",
    "enum": "be one of the values that are allowed",
    "pattern": "match a pattern",
    "uniqueItems": "have each item once",
}
_COMPARED: Final = {
    "$eq": "be equal to",
    "$ne": "not be equal to",
    "$gt": "be greater than",
    "$gte": "be at least",
    "$lt": "be less than",
    "$lte": "be at most",
}


def why(details: Details) -> str:
    """Say which rules a document does not meet; empty where the details name none that is known."""
    return "; ".join(islice(dict.fromkeys(_rules(details, "", 0)), MOST))


def _rules(one: Details, path: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    said = [f"{_below(path, name)} is missing" for name in _texts(one, "missingProperties")]
    said += [f"{_below(path, name)} is not allowed" for name in _texts(one, "additionalProperties")]
    parts = [" and ".join(_rules(part, below, depth + 1)) for part, below in islice(_parts(one, path), MOST)]
    parts = list(filter(None, parts))
    said += [" or ".join(parts)] if parts and _text(one, "operatorName") in _ONE_OF else parts
    yield from said or _own_rule(one, path)


def _own_rule(one: Details, path: str) -> Iterator[str]:
    """What a rule says that is made of no others."""
    name, reason = _text(one, "operatorName"), _text(one, "reason")
    place = path or _field_of(one)
    if not place:
        return
    if reason in _ABSENT:
        yield f"{place} is missing"
    elif reason == "path does exist":
        yield f"{place} is not allowed"
    elif must := _must(one, name):
        is_now = _text(one, "consideredType") if _is_about_type(name) else ""
        yield f"{place} must {must}{f', and is {_TYPES.get(is_now, is_now)}' if is_now else ''}"
    elif name:
        yield f"{place} does not meet the rule {name}"


def _parts(one: Details, path: str) -> Iterator[tuple[Details, str]]:
    """The rules that a rule is made of, each with the field that it is about."""
    for rule in _documents(one, "schemaRulesNotSatisfied"):
        yield rule, path
    for rule in _documents(one, "propertiesNotSatisfied"):
        below = _below(path, _text(rule, "propertyName"))
        for part in _documents(rule, "details"):
            yield part, below
    for name in ("schemasNotSatisfied", "clausesNotSatisfied"):
        for rule in _documents(one, name):
            inner = rule.get("details")
            for part in [inner] if isinstance(inner, Mapping) else _documents(rule, "details"):
                yield part, path
    if _text(one, "operatorName") == "items":
        index = one.get("itemIndex")
        for part in _documents(one, "details"):
            yield part, _below(path, str(index)) if isinstance(index, int) else path


def _must(one: Details, name: str) -> str:
    """What a value has to be by a rule; the values of the rule are the schema's own, not the document's."""
    specified = one.get("specifiedAs")
    rule = specified.get(name) if isinstance(specified, Mapping) else None
    if _is_about_type(name):
        if rule is None and isinstance(specified, Mapping):
            rule = _operand(specified, name)
        kinds = rule if isinstance(rule, list) else [rule]
        named = [_TYPES.get(kind, kind) for kind in kinds if isinstance(kind, str)]
        return f"be {' or '.join(named)}" if named else ""
    if name in _BOUNDS:
        if "{}" not in _BOUNDS[name]:
            return _BOUNDS[name]
        return _BOUNDS[name].format(rule) if isinstance(rule, (int, float)) else ""
    if name in _COMPARED and isinstance(specified, Mapping):
        operand = _operand(specified, name)
        is_plain = isinstance(operand, (int, float, str)) and not isinstance(operand, bool)
        return f"{_COMPARED[name]} {operand}" if is_plain else ""
    return ""


def _is_about_type(name: str) -> bool:
    return name in ("bsonType", "type", "$type")


def _operand(specified: Details, name: str) -> object:
    """What stands behind an operator of a query: `{age: {$gt: 0}}`, or `{age: 0}`."""
    for value in specified.values():
        if isinstance(value, Mapping):
            return value.get(name)
        return value if name == "$eq" else None
    return None


def _field_of(one: Details) -> str:
    """The field that a query's rule is about; empty for a rule of a schema."""
    specified = one.get("specifiedAs")
    first = next(iter(specified), "") if isinstance(specified, Mapping) else ""
    return first if _text(one, "operatorName").startswith("$") and not first.startswith("$") else ""


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _text(one: Details, name: str) -> str:
    value = one.get(name)
    return value if isinstance(value, str) else ""


def _texts(one: Details, name: str) -> list[str]:
    values = one.get(name)
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _documents(one: Details, name: str) -> list[Details]:
    values = one.get(name)
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []
