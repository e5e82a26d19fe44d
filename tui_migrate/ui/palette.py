"""The palette: every action of the screen by its words, from the registry."""

from collections.abc import Callable
from functools import partial
from typing import Final

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui_migrate.ui.actions import Action
from tui_migrate.ui.screens.base import OperatorScreen

_BY_SENTENCE: Final = 0.01
"""The score of what is found by its sentence or a synonym: below all that is found by its name."""


_NOT_NOW: Final = 0.005
"""The score of what cannot be done now: below all that can."""


class ActionProvider(Provider):
    """Offers what can be done on the screen beneath."""

    async def discover(self) -> Hits:
        """Offer everything."""
        for action in self._actions():
            yield DiscoveryHit(_words(action), self._callback(action), help=action.help)

    async def search(self, query: str) -> Hits:
        """Offer what matches by its name, then what does by its sentence or by another word for it."""
        matcher = self.matcher(query)
        for action in self._actions():
            words = _words(action)
            if (score := matcher.match(words)) > 0:
                yield Hit(score, matcher.highlight(words), self._callback(action), help=action.help)
            elif is_meant(action, query):
                yield Hit(_BY_SENTENCE, words, self._callback(action), help=action.help)
        for action in self._not_now():
            if _squeezed(query) in _squeezed(action.label):
                words = f"Not with what is under the cursor. {action.help}"
                yield Hit(_NOT_NOW, _words(action), partial(self._say_not_now, action), help=words)

    def _actions(self) -> tuple[Action, ...]:
        return self.screen.shown_actions() if isinstance(self.screen, OperatorScreen) else ()

    def _not_now(self) -> tuple[Action, ...]:
        """What the screen can do with another row, or later: who looks for it learns that it is here."""
        if not isinstance(self.screen, OperatorScreen):
            return ()
        now = {one.id for one in self._actions()}
        return tuple(one for one in self.screen.session.keys.in_order(self.screen.ACTIONS) if one.id not in now)

    def _say_not_now(self, action: Action) -> None:
        if isinstance(self.screen, OperatorScreen):
            self.screen.notify_line(f"{action.label}: not with what is under the cursor.")

    def _callback(self, action: Action) -> Callable[[], object]:
        return partial(self.app.run_action, action.method, self.screen)


def is_meant(action: Action, query: str) -> bool:
    """Say whether each word of a query begins a word of the action's sentence, or one of the other words for it."""
    known = f"{action.label} {action.help} {action.also}".casefold().split()
    return all(any(word.startswith(part) for word in known) for part in query.casefold().split())


def _squeezed(text: str) -> str:
    return text.casefold().replace(" ", "")


def _words(action: Action) -> str:
    return f"{action.label or action.id.partition('.')[2].replace('_', ' ').capitalize()}  ({action.shown})"
