"""The ends of a plan as YAML, in and out: a database, or a package with how it is to be read or written."""

from dataclasses import asdict, fields
from typing import Final

from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import USUAL, Limit, Limits
from tui_migrate.packages.types.model import FieldType, TypePlan, ValueType
from tui_migrate.plan.model import End, Environment, PackageEnd, StoreEnd
from tui_migrate.redaction import redact
from tui_migrate.strict_yaml import Value

_DEFAULT: Final = PackageEnd("")
_OPTIONAL: Final = tuple(one.name for one in fields(PackageEnd) if one.name != "path")
_OLD_UNPACKED: Final = "max_unpacked"
"""The key of the limit of that name in plans of earlier versions, which had no other."""


def end_to_mapping(end: End) -> dict[str, object]:
    """Give what YAML holds of an end: of a package only what is not as usual."""
    if isinstance(end, PackageEnd):
        return {"package": end.path, **_unusual(end)}
    place = {"connection": end.connection} if end.connection else {"url": end.url}
    return {**place, "database": end.database, "environment": end.environment.value}


def _unusual(end: PackageEnd) -> dict[str, object]:
    given: dict[str, object] = {
        "form": end.form.value,
        "recipients": list(end.recipients),
        "with_passphrase": end.with_passphrase,
        "database": end.database,
        "types": None if end.types is None else [_type_to_mapping(one) for one in end.types.fields],
        "identity_file": end.identity_file,
        "key_file": end.key_file,
        "limits": {name: most for name, most in asdict(end.limits).items() if most != getattr(USUAL, name)},
    }
    return {name: value for name, value in given.items() if getattr(end, name) != getattr(_DEFAULT, name)}


def _type_to_mapping(one: FieldType) -> dict[str, str]:
    return {"collection": one.collection, "path": one.path, "type": one.type.value}


def end_from(value: Value) -> End:
    """Read an end. Raises InvalidFile."""
    entries = value.mapping(known=("package", "connection", "url", "environment", *_OPTIONAL, _OLD_UNPACKED))
    if "package" in entries:
        return _package_from(value, entries)
    for name in entries.keys() & {*_OPTIONAL, _OLD_UNPACKED} - {"database"}:
        entries[name].fail("this key belongs to a package")
    if ("connection" in entries) == ("url" in entries):
        value.fail("an end has one of 'package', 'connection' and 'url'")
    if "database" not in entries:
        value.fail("the key 'database' is missing")
    url = entries["url"].text() if "url" in entries else ""
    if redact(url) != url:
        entries["url"].fail("a plan holds no password", hint="take it out; it is asked for when the plan runs")
    return StoreEnd(
        database=entries["database"].text(),
        connection=entries["connection"].text() if "connection" in entries else "",
        url=url,
        environment=Environment(
            entries["environment"].choice(Environment) if "environment" in entries else Environment.PRODUCTION
        ),
    )


def _package_from(value: Value, entries: dict[str, Value]) -> PackageEnd:
    if entries.keys() & {"connection", "url", "environment"}:
        value.fail("a package has no connection, URL or environment")

    def text(name: str) -> str:
        return entries[name].text() if name in entries else ""

    return PackageEnd(
        path=entries["package"].text(),
        form=PackageForm(entries["form"].choice(PackageForm)) if "form" in entries else _DEFAULT.form,
        recipients=tuple(one.text() for one in entries["recipients"].items()) if "recipients" in entries else (),
        with_passphrase=entries["with_passphrase"].boolean() if "with_passphrase" in entries else False,
        database=text("database"),
        types=TypePlan(tuple(map(_type_from, entries["types"].items()))) if "types" in entries else None,
        identity_file=text("identity_file"),
        key_file=text("key_file"),
        limits=_limits_from(entries),
    )


def _limits_from(entries: dict[str, Value]) -> Limits:
    given = entries["limits"].mapping(known=tuple(Limit)) if "limits" in entries else {}
    if _OLD_UNPACKED in entries:
        if given:
            entries[_OLD_UNPACKED].fail("this key is the old one of 'limits'; only one of them can be given")
        given = {Limit.UNPACKED: entries[_OLD_UNPACKED]}
    return Limits(**{name: one.integer(least=1, most=Limit(name).most) for name, one in given.items()})


def _type_from(value: Value) -> FieldType:
    names = ("collection", "path", "type")
    entries = value.mapping(known=names, required=names)
    return FieldType(entries["collection"].text(), entries["path"].text(), ValueType(entries["type"].choice(ValueType)))
