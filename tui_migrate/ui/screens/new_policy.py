"""The third step: what becomes of documents that the target has already, each policy with its consequences."""

from collections.abc import Iterator
from typing import Final

from textual.app import ComposeResult

from tui_migrate.plan.model import PackageEnd, Policy
from tui_migrate.ui import consequences
from tui_migrate.ui import draft as drafts
from tui_migrate.ui.consequences import Count
from tui_migrate.ui.draft import Draft, Step
from tui_migrate.ui.look import LookState, Opening
from tui_migrate.ui.policy_words import outcome, present_words, sample_words
from tui_migrate.ui.screens.new_ends import fault_words
from tui_migrate.ui.screens.new_options import COLUMNS, change_option, option_rows
from tui_migrate.ui.screens.new_step import Looked, Redrafted, StepPane
from tui_migrate.ui.widgets.prose import Prose
from tui_migrate.ui.widgets.table import Column, Row, Table
from tui_migrate.ui.wording import local_time, number

_NO_CHOICE: Final = "package"
"""The key of the only row where there is nothing to choose."""


class PolicyPane(StepPane):
    """The policies over what is counted, and the options under them."""

    STEP = Step.POLICY

    def compose(self) -> ComposeResult:
        """Lay out the step."""
        yield Prose(id="counted")
        yield Table([Column("Policy", 11), Column("What it does to these documents")], id="policies")
        yield Table(COLUMNS, id="options", tells_rest=True)

    def on_mount(self) -> None:
        """The options wait under `More`."""
        self.query_one("#options").display = False

    def enter(self) -> None:
        """Take the focus, and count by ids what is not counted yet. All policies are shown, whatever was before."""
        self.query_one("#options", Table).display = False
        self.draw()
        table = self._policies
        table.move_to(self.draft.policy.value)
        table.focus()
        self.begin()

    def begin(self) -> None:
        """Count by ids what is not counted yet."""
        if self._count() is None:
            self._begin(exact=False)

    def again(self) -> None:
        """Count by ids again; a source that was not listed is listed first."""
        if self.draft.listed is None:
            self.owner.look_at_ends(anew=True)
        self._begin(exact=False)

    def count_exactly(self) -> None:
        """Read both ends whole and count."""
        self._begin(exact=True)

    def next_words(self) -> str:
        """Go on to the checks."""
        if self.screen.focused is self.query_one("#options"):
            return f"enter changes the option under the cursor, {self.key_of('new.more')} goes back to the policies"
        if isinstance(self.draft.target, PackageEnd):
            return "enter goes on to the checks"
        return f"enter takes the policy under the cursor; {self.key_of('new.next')} goes on with {self.draft.policy}"

    def turn_options(self) -> None:
        """Show the options and go to them, or hide them again."""
        options = self.query_one("#options", Table)
        options.display = not options.display
        (options if options.display else self._policies).focus()
        self.draw()
        self._policies.move_to(self.draft.policy.value)

    def close_options(self) -> bool:
        """Hide the options where they are shown, and say whether they were."""
        is_shown = bool(self.query_one("#options", Table).display)
        if is_shown:
            self.turn_options()
        return is_shown

    def choose(self) -> None:
        """Take the policy under the cursor, or change the option under it."""
        options = self.query_one("#options", Table)
        if self.screen.focused is options and options.cursor_key is not None:
            self._change(options.cursor_key)
        elif (key := self._policies.cursor_key) is not None:
            self._take(key)

    @property
    def choosing_word(self) -> str:
        """What `choose` does now, as a word for the footer."""
        return "Change" if self.screen.focused is self.query_one("#options", Table) else "Choose"

    def draw(self) -> None:
        """Show what is counted, and what follows from it."""
        draft, options = self.draft, self.query_one("#options", Table)
        words = list(self._counted_words())
        self.query_one("#counted", Prose).say(words[:-1] if options.display else words)
        rows = policy_rows(draft, self._count())
        if options.display:  # which need the room that the other policies take
            rows = [one for one in rows if one.key in (draft.policy.value, _NO_CHOICE)]
        policies = self._policies
        policies.styles.height = len(rows) + 2
        policies.show(rows)
        options.show(option_rows(draft))

    def on_table_opened(self, event: Table.Opened) -> None:
        """Take the policy and go on; or change an option."""
        event.stop()
        if event.table is self._policies:
            self._take(event.key)
            self.owner.action_new_next()
        else:
            self._change(event.key)

    def on_redrafted(self, event: Redrafted) -> None:
        """An option was changed; where that changes which documents are meant, they are counted anew."""
        event.stop()
        was_counted = self._count() is not None
        self.owner.change(event.change(self.draft))
        if was_counted and self._count() is None:
            self._begin(exact=False)
            self.draw()

    @property
    def _policies(self) -> Table:
        return self.query_one("#policies", Table)

    def _take(self, key: str) -> None:
        if key != _NO_CHOICE:
            self.owner.change(drafts.with_policy(self.draft, Policy(key)))

    def _change(self, key: str) -> None:
        self.owner.background(self._asked(key), "option")

    async def _asked(self, key: str) -> None:
        change = await change_option(self.owner.migrate_app, self.draft, key)
        if change is not None:
            self.post_message(Redrafted(change))

    def _count(self) -> Count | None:
        if drafts.what_blocks_request(self.draft):
            return None
        return self.looks.count_of(drafts.to_request(self.draft))

    def _begin(self, *, exact: bool) -> None:
        if isinstance(self.draft.target, PackageEnd) or drafts.what_blocks_request(self.draft):
            return
        session = self.owner.session
        opening = Opening(session.home, session.passwords, session.clock)
        request = drafts.to_request(self.draft)
        work = consequences.count(request, opening, lambda one: self.post_message(Looked(one)), exact=exact)
        self.owner.background(work, "count")

    def _counted_words(self) -> Iterator[str]:
        if isinstance(self.draft.target, PackageEnd):
            yield " A package is made anew: there is nothing in it yet that a document could meet."
            yield ""
            return
        yield from self._progress_words(self._count())
        yield ""

    def _progress_words(self, count: Count | None) -> Iterator[str]:
        counts = f"{self.key_of('look.again')} counts by ids, {self.key_of('new.exact')} counts exactly"
        if count is None:
            yield f" Nothing is counted yet: {counts}."
            return
        if count.found:
            yield f" {present_words(count)}."
        if count.sample.compared:
            yield f" {sample_words(count.sample)}."
        if count.state.is_pending:
            how = "Reading both ends whole" if count.exact else "Counting by ids"
            where = f" {number(len(count.found))} of {number(count.expected)} collections" if count.expected else ""
            yield f" {self.waiting(how + where, count.at)}"
        elif count.state is LookState.CANCELLED:
            yield f" The count was cancelled: {counts}."
        elif count.fault is not None:
            yield from fault_words(count.fault, f"{self.key_of('look.again')} tries again")
        else:
            more = "" if count.exact else f"; {self.key_of('new.exact')} counts exactly by reading both ends whole"
            yield f" As of {local_time(count.at)}{more}."


def policy_rows(draft: Draft, count: Count | None) -> list[Row]:
    """The policies, the chosen one marked, each with what it would do as far as that is counted."""
    if isinstance(draft.target, PackageEnd):
        said = "write every document of the marked collections"
        return [Row(_NO_CHOICE, ("● none", said), name=said)]
    rows = []
    for one in Policy:
        mark, said = "●" if one is draft.policy else "○", outcome(one, count)
        if draft.mirror and one is draft.policy:
            said += "; delete what it has besides"
        rows.append(Row(one.value, (f"{mark} {one.value}", said), name=said))
    return rows
