"""The type plan: what each field of a JSON package is to become."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class ValueType(StrEnum):
    """What a JSON value becomes. What cannot become it is a finding with its field and an example."""

    AS_WRITTEN = "as_written"
    """A text stays a text, a number a number."""
    OBJECT_ID = "object_id"
    DATE = "date"
    BINARY = "binary"
    DECIMAL = "decimal"
    UUID = "uuid"


@dataclass(frozen=True, slots=True)
class FieldType:
    """What one field becomes. `path` has dots between names, and `[]` for each element of an array."""

    collection: str
    path: str
    type: ValueType


@dataclass(frozen=True, slots=True)
class TypePlan:
    """The decision about a whole package: fields that are not named stay as they are written."""

    fields: tuple[FieldType, ...] = ()

    def of(self, collection: str) -> Mapping[str, ValueType]:
        """Give the types of one collection's fields by their paths."""
        return {one.path: one.type for one in self.fields if one.collection == collection}


@dataclass(frozen=True, slots=True)
class InferredField:
    """What the values of one field look like: `count` of `total` of them fit `type`; `examples` are shortened."""

    collection: str
    path: str
    type: ValueType
    count: int
    total: int
    examples: tuple[str, ...]

    @property
    def is_sure(self) -> bool:
        """True where every value of the field fits."""
        return self.count == self.total


@dataclass(frozen=True, slots=True)
class Inference:
    """What a package's fields look like; those that can only be what they are written as are left out."""

    fields: tuple[InferredField, ...]

    def accepted(self) -> TypePlan:
        """Make the plan that takes each field of which every value fits for what it looks like."""
        return plan_of(self.fields)


def plan_of(fields: Sequence[InferredField]) -> TypePlan:
    """Make a plan of the fields that are sure."""
    return TypePlan(tuple(FieldType(one.collection, one.path, one.type) for one in fields if one.is_sure))
