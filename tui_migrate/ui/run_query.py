"""The filter of the history, see `query`.

state:failed prod               failed runs that have `prod` anywhere
kind:copy conn:staging          copies from or to something with `staging` in its name
note:"ticket 12" -state:rolled  a note with these words, and not rolled back
"""

from typing import Final

from tui_migrate.journal.records import RunRecord
from tui_migrate.journal.states import RunState
from tui_migrate.ui.query import Language, Query
from tui_migrate.ui.wording import state_words
from tui_migrate.wording import ends_words, kind_words, run_name

RunQuery = Query[RunRecord]

_STATES: Final = {one: f"{one.value} {one.value.replace('_', ' ')} {state_words(one)[2:]}" for one in RunState}
"""What a run's state is called, in all ways."""

_LANGUAGE: Final[Language[RunRecord]] = Language(
    columns={
        "state": lambda run: _STATES[run.state],
        "kind": lambda run: f"{run.kind}\n{kind_words(run)}",
        "conn": lambda run: f"{run.source}\n{run.target}",
        "from": lambda run: run.source,
        "to": lambda run: run.target,
        "env": lambda run: str(run.environment),
        "note": lambda run: run.description,
        "by": lambda run: run.created_by,
        "run": lambda run: run_name(run.id),
    },
    aliases={"connection": "conn", "source": "from", "target": "to", "environment": "env", "text": ""},
    whole=ends_words,
)
KEYS: Final = _LANGUAGE.keys


def parse(text: str) -> RunQuery:
    """Read a filter of runs. Any text is one."""
    return _LANGUAGE.parse(text)
