"""The first step: from where, and to where. Pairs used before come first; changing an end keeps all marks."""

from collections.abc import Iterable, Iterator
from typing import Final

from textual.app import ComposeResult

from tui_migrate.journal.records import RunRecord
from tui_migrate.plan.model import End, PackageEnd, RunKind, StoreEnd
from tui_migrate.redaction import printable
from tui_migrate.reports.package import FORM_WORDS
from tui_migrate.ui import draft as drafts
from tui_migrate.ui.draft import Step
from tui_migrate.ui.look import EndLook, Fault, LookState, host_words, read_connections
from tui_migrate.ui.package_form import form_words
from tui_migrate.ui.policy_words import documents_words
from tui_migrate.ui.resuming import plan_of
from tui_migrate.ui.screens.end_choice import Role, choose_end
from tui_migrate.ui.screens.form_choice import choose_form
from tui_migrate.ui.screens.new_step import EndChosen, Looked, Redrafted, StepPane
from tui_migrate.ui.screens.package_choice import ask_opener, choose_database, opener_of
from tui_migrate.ui.snapshot import Snapshot
from tui_migrate.ui.widgets.fault import FaultPane
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Column, Row, Table
from tui_migrate.ui.wording import ago, number, run_name, size

PAIRS_SHOWN: Final = 20
_INDENT: Final = " " * 9
_FORM: Final = "form"
_PAIR: Final = "run:"
"""How the keys of pairs begin."""

_DOES: Final = {
    RunKind.COPY: "Copies documents from one database into another.",
    RunKind.EXPORT: "Exports documents of a database into a package on disk.",
    RunKind.IMPORT: "Imports documents of a package into a database.",
}


class EndsPane(StepPane):
    """Both ends with what is known of them, above the list of what can be chosen."""

    STEP = Step.ENDS

    def compose(self) -> ComposeResult:
        """Lay out the step."""
        yield Prose(id="source-words")
        yield Prose(id="target-words")
        yield Prose(id="kind-words", classes="dim")
        yield FaultPane(id="connections-fault")
        columns = [Column("Choose", 8), Column("From and to"), Column("Last used", 22)]
        yield Table(columns, id="ends")

    def on_mount(self) -> None:
        """Nothing was used before as far as is known yet."""
        self._pairs: list[RunRecord] = []

    def enter(self) -> None:
        """Take the focus, and read the connections."""
        self.owner.background(self._read_connections(), "connections")
        table = self.query_one(Table)
        self.draw()
        table.focus()

    def again(self) -> None:
        """Connect to both ends anew; where a file that opens the source does not, ask for another."""
        self.owner.background(self._read_connections(), "connections")
        look = self.looks.end(self.draft.source)
        fault = look.fault if look is not None else None
        if fault is not None and fault.wants_password and isinstance(self.draft.source, PackageEnd):
            self.owner.background(self._unlock(self.draft.source, fault), "choose")
        else:
            self.owner.look_at_ends(anew=True)

    def next_words(self) -> str:
        """Go on to the collections."""
        look = self.looks.end(self.draft.source)
        if look is not None and not look.is_there:
            return "enter on Source chooses another database, for there is none of this name"
        return f"{self.key_of('new.next')} chooses the collections"

    def blocked_words(self, blocked: str) -> str:
        """Say what is missing as it is told here: on a pair, enter gives both ends."""
        key, draft = self.query_one(Table).cursor_key or "", self.draft
        if not key.startswith(_PAIR) or (draft.source is not None and draft.target is not None):
            return blocked
        missing = Role.SOURCE if draft.source is None else Role.TARGET
        return f"no {missing.value} is chosen: enter takes both ends of this pair"

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Pairs come from the runs there were, each pair once, the newest first."""
        runs = (one.run for one in snapshot.summaries if _is_repeated(one.run))
        newest: dict[tuple[str, str], RunRecord] = {}
        for run in runs:
            newest.setdefault((run.source, run.target), run)
        had_none, self._pairs = not self._pairs, list(newest.values())[:PAIRS_SHOWN]
        self.draw()
        if had_none and self._pairs and self.draft.source is None:
            self.query_one(Table).move_to(f"{_PAIR}{self._pairs[0].id}")

    def draw(self) -> None:
        """Show both ends, and what there is to choose."""
        draft, now = self.draft, self.owner.session.clock()
        for role, end in ((Role.SOURCE, draft.source), (Role.TARGET, draft.target)):
            self.query_one(f"#{role.value}-words", Prose).say(list(self._end_words(role, end)))
        self.query_one("#kind-words", Prose).say(["", f" {_DOES[draft.kind]}" if draft.kind is not None else ""])
        connections, pane = self.looks.connections, self.query_one("#connections-fault", FaultPane)
        if connections is not None and connections.fault is not None:
            pane.explain(
                connections.fault.message, connections.fault.hint, f"{self.key_of('new.test')} reads the file again."
            )
        else:
            pane.clear()
        rows = [_row(role, end) for role, end in ((Role.SOURCE, draft.source), (Role.TARGET, draft.target))]
        if isinstance(draft.target, PackageEnd):
            form = form_words(draft.target)
            rows.append(Row(_FORM, ("Form", form, ""), name=f"written as: {form}"))
        for run in self._pairs:
            pair, when = f"{run.source} → {run.target}", f"{ago(run.created_at, now)}, run {run_name(run.id)}"
            rows.append(Row(f"{_PAIR}{run.id}", ("Pair", pair, when), name=pair))
        self.query_one(Table).show(rows)

    def on_table_opened(self, event: Table.Opened) -> None:
        """Choose an end, the form of a package to be written, or both ends by taking a pair again."""
        event.stop()
        kind, _, run_id = event.key.partition(":")
        if kind == "run":
            self.owner.background(self._take_pair(int(run_id)), "choose")
        elif kind == _FORM:
            self.owner.background(self._choose_form(), "choose")
        else:
            self.owner.background(self._choose(Role(kind)), "choose")

    def on_table_moved(self) -> None:
        """What enter does is another thing on a pair."""
        self.owner.change(self.draft)

    def on_end_chosen(self, event: EndChosen) -> None:
        """Put the end into the draft; the cursor goes to the other one where that is missing."""
        event.stop()
        self.looks.forget_end(event.end)
        with_end = drafts.with_source if event.role is Role.SOURCE else drafts.with_target
        self.owner.change(with_end(self.draft, event.end))
        self.owner.look_at_ends()
        if event.role is Role.SOURCE and self.draft.target is None:
            self.query_one(Table).move_to(Role.TARGET.value)

    def on_redrafted(self, event: Redrafted) -> None:
        """Both ends of a pair are set."""
        event.stop()
        self.owner.change(event.change(self.draft))
        self.owner.look_at_ends()
        self.owner.notify_line(f"Pair taken; {self.key_of('new.next')} goes on to its collections.", is_error=False)

    def offer_databases(self, look: EndLook) -> None:
        """Ask which of the databases in a package is meant."""
        if isinstance(look.end, PackageEnd) and look.fault is not None:
            self.owner.background(self._choose_database(look.end, look.fault.databases), "choose")

    async def _choose_database(self, end: PackageEnd, databases: tuple[str, ...]) -> None:
        chosen = await choose_database(self.owner.migrate_app, end, databases)
        if chosen is not None:
            self.post_message(EndChosen(Role.SOURCE, chosen))

    async def _unlock(self, end: PackageEnd, fault: Fault) -> None:
        """Have another file named that opens the source; what a passphrase opens is looked at, which asks for one."""
        opener = await opener_of(end)
        if opener is None:
            self.call_later(self.owner.look_at_ends, anew=True)
        elif (opened := await ask_opener(self.owner.migrate_app, end, opener, fault)) is not None:
            self.post_message(EndChosen(Role.SOURCE, opened))

    async def _choose_form(self) -> None:
        target = self.draft.target
        if isinstance(target, PackageEnd):
            end = await choose_form(self.owner.migrate_app, target)
            if end is not None:
                self.post_message(EndChosen(Role.TARGET, end))

    async def _read_connections(self) -> None:
        self.post_message(Looked(await read_connections(self.owner.session.home)))

    async def _choose(self, role: Role) -> None:
        read = self.looks.connections or await read_connections(self.owner.session.home)
        ends = (self.draft.source, self.draft.target)
        current, other = ends if role is Role.SOURCE else reversed(ends)
        end = await choose_end(self.owner.migrate_app, role, read.connections, current, other)
        if end is not None:
            self.post_message(EndChosen(role, end))

    async def _take_pair(self, run_id: int) -> None:
        plan = await plan_of(self.owner.migrate_app, run_id)
        self.post_message(Redrafted(lambda draft: drafts.with_pair(draft, plan, run_id)))

    def _end_words(self, role: Role, end: End | None) -> Iterator[str]:
        title = f" {role.value.capitalize():<8}"
        if end is None:
            yield f"{title}—"
            return
        yield title + end_words(end)
        look = self.looks.end(end)
        if look is not None:
            yield from self._look_words(role, look)
        elif isinstance(end, PackageEnd):
            yield f"{_INDENT}a new package; the checks look at its place"

    def _look_words(self, role: Role, look: EndLook) -> Iterator[str]:
        if look.state is LookState.CONNECTING:
            yield _INDENT + self.waiting("Connecting", look.at)
        elif look.state is LookState.READING:
            doing = "Listing collections" if look.form is None else "Reading it"
            yield f"{_INDENT}✓ {answer_words(look)}. {self.waiting(doing, look.at)}"
        elif look.state is LookState.DONE:
            yield _INDENT + found_words(role, look)
        elif look.state is LookState.CANCELLED:
            yield f"{_INDENT}Not connected: cancelled. {self.key_of('new.test')} tries again."
        elif look.fault is not None:
            yield from fault_words(look.fault, _tries_again(look.fault, self.key_of("new.test")))


def _is_repeated(run: RunRecord) -> bool:
    """Say whether a run is of a kind that one does again: a backup is restored from the list of backups."""
    return run.kind in (RunKind.COPY, RunKind.IMPORT) and not run.backup and not run.retry_of


def end_words(end: End) -> str:
    """Name an end in full: the database, where it is, and in which environment."""
    if isinstance(end, PackageEnd):
        return f"package {printable(end.path)}"
    return f"{printable(end.database)} on {printable(host_words(end))}   {end.environment.value.upper()}"


def answer_words(look: EndLook) -> str:
    """Say who answered, and how quickly; or what form a package has."""
    if look.form is not None:
        database = f", database {printable(look.identity.database)}" if look.identity is not None else ""
        return FORM_WORDS[look.form] + (database if isinstance(look.end, PackageEnd) and look.end.database else "")
    kind = look.identity.kind if look.identity is not None else ""
    who = " ".join(filter(None, (printable(kind), printable(look.version))))
    return f"{who}, ping {max(1, round(look.ping_ms)):,} ms"


def _tries_again(fault: Fault, key: str) -> str:
    if fault.databases:
        return f"{key} chooses one"
    return f"{key} asks for it" if fault.wants_password else f"{key} tries again"


def found_words(role: Role, look: EndLook) -> str:
    """Say who answered and how much is there; a source that is not there is a warning, a target is made."""
    if look.is_there or not isinstance(look.end, StoreEnd):
        return f"✓ {answer_words(look)}; {content_words(look)}"
    database = printable(look.end.database)
    if role is Role.TARGET:
        return f"✓ {answer_words(look)}; {database} is new and will be made"
    return f"! {printable(host_words(look.end))} has no database {database} ({answer_words(look)})"


def content_words(look: EndLook) -> str:
    """Say how much there is."""
    found = len(look.collections)
    collections = f"{number(found)} collection{'s' if found != 1 else ''}"
    return f"{collections}, {documents_words(look.documents)}, {size(look.size)}"


def fault_words(fault: Fault, tries_again: str) -> Iterable[str]:
    """Say what went wrong, what to do, and which key tries again."""
    yield f"{_INDENT}✗ {fault.message}"
    yield f"{_INDENT}{fault.hint}; {tries_again}." if fault.hint else f"{_INDENT}{tries_again}."


def _row(role: Role, end: End | None) -> Row:
    label = "—" if end is None else printable(end.label)
    return Row(role.value, (role.value.capitalize(), label, ""), name=label)
