"""The palette: every action of the screen by its words, from the registry."""

from collections.abc import Callable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui_migrate.ui.actions import Action
from tui_migrate.ui.screens.base import OperatorScreen


class ActionProvider(Provider):
    """Offers what can be done on the screen beneath."""

    async def discover(self) -> Hits:
        """Offer everything."""
        for action in self._actions():
            yield DiscoveryHit(_words(action), self._callback(action), help=action.help)

    async def search(self, query: str) -> Hits:
        """Offer what matches."""
        matcher = self.matcher(query)
        for action in self._actions():
            words = _words(action)
            if (score := matcher.match(words)) > 0:
                yield Hit(score, matcher.highlight(words), self._callback(action), help=action.help)

    def _actions(self) -> tuple[Action, ...]:
        return self.screen.shown_actions() if isinstance(self.screen, OperatorScreen) else ()

    def _callback(self, action: Action) -> Callable[[], object]:
        return partial(self.app.run_action, action.method, self.screen)


def _words(action: Action) -> str:
    return f"{action.label or action.id.partition('.')[2].capitalize()}  ({action.shown})"
