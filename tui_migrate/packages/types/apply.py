"""The type plan of one collection as it is followed while documents are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui_migrate.packages.types.model import ValueType
from tui_migrate.packages.types.paths import parts


@dataclass(slots=True)
class Rule:
    """What becomes of the values at one path, and the rules of the paths below it."""

    type: ValueType = ValueType.AS_WRITTEN
    names: dict[str, "Rule"] = field(default_factory=dict)
    each: "Rule | None" = None


def rule_of(types: Mapping[str, ValueType]) -> Rule:
    """Make the rules of a collection from its types by path. Raises ValueError for what is no path."""
    root = Rule()
    for path, kind in types.items():
        rule = root
        for name in parts(path):
            if name is None:
                rule.each = rule.each or Rule()
                rule = rule.each
            else:
                rule = rule.names.setdefault(name, Rule())
        rule.type = kind
    return root
