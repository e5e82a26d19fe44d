"""What is taken down while it is being set up, or still has something to hear: nothing of that matters any more."""

from typing import Final

from textual import events, messages
from textual.message import Message
from textual.message_pump import MessagePump

_FOR_WHAT_STAYS: Final = (
    events.Mount,
    events.ScreenResume,
    events.Resize,
    events.DescendantFocus,
    events.Timer,
    events.Key,
    events.Paste,
)


class Leaving(MessagePump):
    """Put before a screen, a window or a pane: on its way out it hears only what it needs for that.

    Textual leaves the children of such a one out, and has it mounted all the same; what looks for them there ends the
    app. It happens where a busy machine lets two keys act at once, of which the second leaves what the first has
    opened.
    """

    _pruning: bool

    async def _dispatch_message(self, message: Message) -> None:
        is_ours = type(message).__module__ not in (events.__name__, messages.__name__)
        is_gone = self._pruning or self._closing
        if not (is_gone and (is_ours or isinstance(message, _FOR_WHAT_STAYS))):
            await super()._dispatch_message(message)
