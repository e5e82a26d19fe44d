"""A small catalog: people with projects, tasks and notes, and colours that belong to nobody."""

from tui_migrate.catalogs.loader import from_text
from tui_migrate.catalogs.model import Catalog

TEXT = """
name: workshop
title: A workshop
version: "1"
collections:
  users:
    owner: _id
    sensitive:
      - {field: password, redaction: drop}
      - {field: mail, redaction: mask}
      - {field: phones.number, redaction: hash}
  projects:
    owner: user_id
    references:
      - {field: user_id, to: users}
      - {field: colour, to: colours, to_field: name}
  tasks:
    owner: projects.user_id
    references:
      - {field: project.id, to: projects}
      - {field: helpers, to: users, on_missing: warn}
      - {field: steps.colours, to: colours, to_field: name}
  comments:
    owner: tasks.projects.user_id
    references:
      - {field: task, to: tasks}
  colours:
    references:
      - {field: like, to: colours, to_field: name}
      - {field: palette, to: palettes}
  palettes: {}
  logs: {}
"""

WORKSHOP: Catalog = from_text(TEXT, "workshop.yaml")


def changed(old: str, new: str) -> Catalog:
    """The catalog with some text in the place of another."""
    assert old in TEXT
    return from_text(TEXT.replace(old, new), "workshop.yaml")
