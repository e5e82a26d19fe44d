"""Help: the keys of the screen it was opened from, the words of the program, and where files are."""

from collections.abc import Iterable
from typing import ClassVar, Final

from textual.widget import Widget

from tui_migrate.catalogs.finding import own_folder as own_catalogs
from tui_migrate.comparison.model import Way
from tui_migrate.plan.model import Environment, Policy
from tui_migrate.ui.actions import EVERYWHERE, Action
from tui_migrate.ui.keymap import keymap_file
from tui_migrate.ui.policy_words import IN_GENERAL
from tui_migrate.ui.screens.base import OperatorScreen
from tui_migrate.ui.screens.new_options import Option, meaning
from tui_migrate.ui.theme_files import own_folder
from tui_migrate.ui.widgets.pager import Pager
from tui_migrate.ui.wording import path_words

POLICIES: Final = ", ".join(Policy)

_WAYS: Final = {
    Way.MERGED: "every document of both sides was read, in the order of its _id",
    Way.SORTED: "so too, after a side that does not come in that order was sorted on disk",
    Way.MULTISET: "every document was read; one that changed counts as one that A has and one that B has",
    Way.SIZES: "the documents were not read: what is equal so may still differ",
    Way.DIGESTS: "of what has the same digest in both packages nothing was read",
    Way.DEFINITION: "a view, or a collection that one side alone has: no documents were compared",
}
WORDS: Final = (
    ("migration", "a copy (database to database), an export (into a package) or an import (out of one)"),
    ("connection", "a named endpoint in your connections.yaml, or a URL given on the spot"),
    ("store", "a kind of database: it has collections of documents"),
    ("collection", "a set of documents with ids, indexes and options"),
    ("document", "one record, kept and compared as BSON bytes"),
    ("plan", "what is to be done: source, target, collections, conflict policy"),
    ("run", "one execution of a plan, with a number, a record in the journal and a state"),
    ("stage", "validate, prepare, execute, verify, commit: every run goes through all five"),
    ("validator", "a collection's rule of what its documents look like; the server refuses others"),
    ("reject", "a document that the target refused: put aside in a file with the reason, to be retried"),
    ("batch", "the documents that are read and written together"),
    ("package", "data on disk: a folder that mongorestore can read too, one tar file, or a form of another program"),
    ("backup", "a package of a whole database that the journal lists: checked, restored, pruned under Backups"),
    ("mirror", "a run that makes collections equal: what the target has besides is deleted"),
    ("compared", "how the documents of a collection were compared:"),
    *((f"  {one.value}", words) for one, words in _WAYS.items()),
    (
        "catalog",
        "a YAML file, shipped or your own, that says of the data what refers to what, whose it is, what is sensitive"
        " and what stays; the README explains it under “Say what the data are: catalogs”",
    ),
    ("owner", meaning(Option.OWNER)),
    ("redact", meaning(Option.REDACT)),
    ("policy", f"what happens to a document the target has otherwise: {POLICIES}"),
    *((f"  {one.value}", words) for one, words in IN_GENERAL.items()),
    ("undo log", "what a run found before it wrote; rolling back puts it back"),
    ("finding", "one thing a check found: severity, code, subject, message, hint"),
    ("report", "the findings of a run, with totals"),
    ("journal", "where runs, their progress and findings are recorded; the app shows it"),
)
_TABLE_KEYS: Final = (
    ("↑ ↓ or j k", "move by a row"),
    ("ctrl+u ctrl+d", "move by a page; page up and page down do so too"),
    ("g G", "go to the first or the last row"),
    ("tab", "go to the next table or field"),
)


class HelpScreen(OperatorScreen):
    """Help for one screen."""

    ACTIONS: ClassVar = ()

    def __init__(self, of: OperatorScreen) -> None:
        super().__init__()
        self._of = of

    def compose_body(self) -> Iterable[Widget]:
        """One long text."""
        yield Pager(id="help")

    def on_mount(self) -> None:
        """Fill it."""
        super().on_mount()
        pager = self.query_one(Pager)
        pager.say(self._paragraphs())
        pager.focus()

    def where(self) -> tuple[str, Environment | None, str]:
        """What it is help for, and how dangerous the target is there."""
        words, environment, right = self._of.where()
        return f"Help › {words or 'this screen'}", environment, right

    def is_available(self, action_id: str) -> bool:
        """There is no help on help."""
        return action_id != "app.help"

    def _paragraphs(self) -> list[str]:
        of = self._of
        now = of.shown_actions()
        here = [one for one in self.session.keys.in_order(of.ACTIONS) if one.id not in EVERYWHERE]
        later = [one for one in here if one not in now]
        home = self.session.home
        files = (
            ("connections", home.connections),
            ("settings", home.config / "settings.yaml"),
            ("your catalogs", own_catalogs(home)),
            ("your keys", keymap_file(home)),
            ("your themes", own_folder(home)),
            ("journal", home.journal),
            ("runs, undo logs", home.runs),
            ("errors", home.state / "error.log"),
        )
        return [
            *([of.help_text(), ""] if of.help_text() else []),
            "# Keys that work here now",
            *(_key_line(one) for one in now),
            *(_line(key, what) for key, what in _TABLE_KEYS),
            "",
            *(["# Keys that work here at other times", *map(_key_line, later), ""] if later else []),
            "# Words",
            *(_line(word, what) for word, what in WORDS),
            "",
            "# Files",
            *(_line(word, path_words(path)) for word, path in files),
        ]


def _key_line(action: Action) -> str:
    typing = action.while_typing()
    others = f"; in a text field {typing.shown} does" if typing is not None and typing.shown != action.shown else ""
    return _line(action.shown, f"{action.help.removesuffix('.')}{others}.")


def _line(word: str, what: str) -> str:
    return f"{word}\t{what}"
