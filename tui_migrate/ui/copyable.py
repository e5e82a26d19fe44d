"""What can be copied from a screen."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Copyable:
    """Something that can be copied: what it is called in a list of such, and its text."""

    what: str
    text: str
