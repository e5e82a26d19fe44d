"""Every action of the app, in one registry: its stable id, its key, its word in the footer, its line of help.

Footer, help, palette and the README's table read it; a screen names the actions it has by their ids, and Textual's
bindings are made from that. An id is `group.name`; the screen (or the app, for group `app`) has a method
`action_group_name`. One letter means one thing everywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from textual.binding import Binding

from tui_migrate.ui.key_names import NAMED


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that an operator can do by a key.

    `key` is Textual's name of it, several with commas between; `shown` is how people write it. `label` is the word in
    the footer, empty for actions that are not shown there; `help` is one sentence. `brief` is the word where the footer
    has no room for all of its keys and there is a shorter one. `also` are other words that people may look for in the
    palette.
    """

    id: str
    key: str
    shown: str
    label: str
    help: str
    brief: str = ""
    also: str = ""

    @property
    def short(self) -> str:
        """The word in a footer that is cut."""
        return self.brief or self.label

    @property
    def method(self) -> str:
        """The name Textual calls the action by, within its screen or app."""
        group, _, name = self.id.partition(".")
        return f"app.{group}_{name}" if group == "app" else f"{group}_{name}"

    def while_typing(self) -> "Action | None":
        """The action by the first of its keys that a text field leaves alone; None where all of them are typed in."""
        keys = self.key.split(",")
        free = next((one for one in keys if one in NAMED.values() and one != "space"), None)
        return None if free is None else self if free == keys[0] else replace(self, shown=free)

    def binding(self) -> Binding:
        """The action as a Textual binding."""
        return Binding(self.key, self.method, self.label, id=self.id, show=False, key_display=self.shown)


REGISTRY: Final[tuple[Action, ...]] = (
    Action(
        "home.new",
        "n",
        "n",
        "New migration",
        "Plan a new migration, step by step.",
        "New",
        also="copy import export move",
    ),
    Action("home.connections", "o", "o", "Connections", "See, add, change and test connections."),
    Action("home.history", "h", "h", "History", "See every run there was.", also="undo roll back rollback log past"),
    Action(
        "home.compare",
        "M",
        "M",
        "Compare",
        "See what two databases or packages have that differs.",
        also="sync synchronise mirror diff equal",
    ),
    Action("home.backups", "K", "K", "Backups", "See, make, check, restore and remove backups.", also="import undo"),
    Action("home.demo", "d", "d", "Demo", "Learn how to try everything on two sample databases."),
    Action("new.next", "ctrl+n", "ctrl+n", "Next", "Go on to the next step of the plan."),
    Action("new.previous", "ctrl+b", "ctrl+b", "Previous", "Go back to the step before; nothing is lost.", "Prev."),
    Action("new.swap", "w", "w", "Swap", "Swap source and target."),
    Action("new.test", "t", "t", "Test", "Connect to both ends and see who answers."),
    Action("new.exact", "x", "x", "Count exactly", "Read both ends whole and count what would happen.", "Count"),
    Action("new.more", "m", "m", "More", "Show the options that mostly stay as they are."),
    Action("new.start", "s", "s", "Start", "Start the run that is planned."),
    Action("new.types", "y", "y", "Types", "Decide what the texts of a package without types become."),
    Action("new.save", "ctrl+s", "ctrl+s", "Save plan", "Write the plan to a YAML file."),
    Action("types.change", "enter", "enter", "Change", "Choose what the field under the cursor becomes."),
    Action("types.found", "f", "f", "As found", "Let each field become what all of its values look like."),
    Action("types.written", "b", "b", "As written", "Let every text stay a text."),
    Action("mark.toggle", "space", "space", "Mark", "Mark the row under the cursor, or take its mark away."),
    Action("mark.invert", "i", "i", "Invert", "Mark what is not marked, and the other way round."),
    Action(
        "mark.pattern", "asterisk", "*", "By pattern", "Mark all whose names match a pattern, or take their marks away."
    ),
    Action("sheet.open", "enter", "enter", "Sheet", "Show one collection: filter, name in the target, redactions."),
    Action("sheet.change", "enter", "enter", "Change", "Change what the row under the cursor says."),
    Action("run.pause", "p", "p", "Pause", "Pause the run after its batch, or let it go on."),
    Action("run.cancel", "c", "c", "Cancel", "End the run for good; then keep what it wrote, or roll it back."),
    Action("run.faster", "plus,equals_sign", "+", "Faster", "Raise the rate limit by one step, up to none."),
    Action("run.slower", "minus", "-", "Slower", "Lower the rate limit; from none, to half the present rate."),
    Action("run.log", "l", "l", "Log", "Show the run's log."),
    Action("run.errors", "e", "e", "Errors", "Show what the run found and what failed."),
    Action("run.resume", "u", "u", "Resume", "Start a worker for a run that was interrupted or has failed."),
    Action("run.conflicts", "Q", "Q", "Conflicts", "See the documents that the run asks about, and decide."),
    Action(
        "run.rollback",
        "r",
        "r",
        "Roll back",
        "See what a rollback would do; nothing happens before you confirm.",
        also="undo revert restore take back",
    ),
    Action("run.again", "a", "a", "Again", "Plan the same migration anew."),
    Action("run.report", "v", "v", "Report", "Read the findings of the run."),
    Action("run.delete", "D", "D", "Delete", "Delete the run's record and its undo log; asks first."),
    Action("run.throughput", "T", "T", "Throughput", "See how fast the run was all the while, and what holds it up."),
    Action("run.open", "enter", "enter", "Open", "Open the row under the cursor."),
    Action("run.rejects", "R", "R", "Rejects", "List the documents that the target refused, each with the reason."),
    Action("run.retry", "U", "U", "Retry", "Write the refused documents again, by a run of its own; asks first."),
    Action("run.more_lanes", "right_parenthesis", ")", "", "Verify one collection more at once, up to eight."),
    Action("run.fewer_lanes", "left_parenthesis", "(", "", "Verify one collection fewer at once."),
    Action("home.check", "V", "V", "Check a package", "Read a package whole and see what is wrong with it."),
    Action("home.open", "L", "L", "Open a plan", "Go on from a plan that was saved to a file."),
    Action("rollback.start", "s", "s", "Start", "Start the rollback."),
    Action("rollback.look", "x", "x", "Count", "Read the target and count what others changed since the run."),
    Action(
        "rollback.force",
        "F",
        "F",
        "Force",
        "Take back what others have changed since, too; says first what that means.",
    ),
    Action("conflict.keep", "N", "N", "Keep", "Keep the target's document as it is."),
    Action("conflict.replace", "Y", "Y", "Replace", "Put the source's document in the place of the target's."),
    Action("conflict.like", "E", "E", "Decide many", "Decide for all like the one under the cursor, or for all."),
    Action("connection.add", "n", "n", "New", "Add a connection."),
    Action("connection.edit", "enter", "enter", "Edit", "Change the connection under the cursor."),
    Action("connection.test", "t", "t", "Test", "Connect and see who answers."),
    Action("connection.delete", "D", "D", "Delete", "Take the connection out of the file; asks first."),
    Action(
        "connection.save",
        "ctrl+s",
        "ctrl+s",
        "Test and save",
        "Connect with what is typed in, then write it to the file.",
    ),
    Action("compare.start", "s", "s", "Start", "Compare both ends, or go on where that was stopped."),
    Action("compare.swap", "w", "w", "Swap", "Swap A and B."),
    Action(
        "compare.plan",
        "ctrl+n",
        "ctrl+n",
        "Plan",
        "Make a plan that gives B what is marked, and check it.",
        also="sync",
    ),
    Action("compare.ends", "ctrl+b", "ctrl+b", "Ends", "Go back to the choice of the ends; nothing is lost."),
    Action("compare.save", "ctrl+s", "ctrl+s", "Save", "Write the plan of what is marked, or the report, to a file."),
    Action("compare.open", "enter", "enter", "Open", "Look into the collection or the document under the cursor."),
    Action("backup.new", "n", "n", "New", "Back a database up."),
    Action("backup.open", "enter", "enter", "Open", "Read all that is known of the backup, or watch its run."),
    Action("backup.check", "V", "V", "Check", "Read the backup whole, and keep what that came to."),
    Action(
        "backup.restore", "Z", "Z", "Restore", "See what bringing the backup back would change.", also="import undo"
    ),
    Action("backup.prune", "P", "P", "Prune", "See which backups are old enough to go."),
    Action("backup.more", "m", "m", "More", "Change how old a backup has to be, and how many always stay."),
    Action("backup.start", "s", "s", "Start", "Do what is shown: back up, restore or remove."),
    Action("report.open", "enter", "enter", "Open", "Read the finding under the cursor whole."),
    Action("report.write", "ctrl+s", "ctrl+s", "Write to file", "Write the findings to a file."),
    Action(
        "look.again",
        "ctrl+r",
        "ctrl+r",
        "Look again",
        "Read anew what is shown, or could not be read.",
    ),
    Action("table.filter", "slash", "/", "Filter", "Show only rows that hold a text."),
    Action("table.sort", "greater_than_sign", ">", "Sort", "Sort by the next column."),
    Action("app.back", "escape", "esc", "Back", "Go back; cancels a connect that is under way, never discards."),
    Action("app.leave", "q", "q", "Leave", "Leave the app; runs go on without it.", also="quit exit"),
    Action("app.help", "question_mark,f1", "?", "Help", "Say what the keys do here."),
    Action("app.palette", "ctrl+p", "ctrl+p", "", "Find any action by its name."),
    Action("app.theme", "ctrl+t", "ctrl+t", "", "Choose another theme."),
    Action("app.copy", "ctrl+y", "ctrl+y", "", "Copy what is under the cursor to the terminal's clipboard."),
    Action("app.write", "ctrl+o", "ctrl+o", "", "Write what is under the cursor to a file."),
    Action("app.redraw", "ctrl+l", "ctrl+l", "", "Draw the screen anew."),
)

BY_ID: Final[dict[str, Action]] = {one.id: one for one in REGISTRY}

EVERYWHERE: Final = (
    "app.back",
    "app.leave",
    "app.help",
    "app.palette",
    "app.theme",
    "app.copy",
    "app.write",
    "app.redraw",
)


def in_order(ids: Iterable[str]) -> list[Action]:
    """Give actions in the order of the registry. Raises KeyError for an unknown id."""
    wanted = {BY_ID[one].id for one in ids}
    return [one for one in REGISTRY if one.id in wanted]


def bindings(*ids: str) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Textual bindings of these actions."""
    return [one.binding() for one in in_order(ids)]
