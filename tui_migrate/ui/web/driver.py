"""The driver of an app in a browser: Textual's own, which goes on when nobody is left to show anything to."""

from contextlib import suppress

from textual.drivers.web_driver import WebDriver


class BrowserDriver(WebDriver):
    """Ends the app when the server is gone."""

    def run_input_thread(self) -> None:
        """Hear what the page sends, until nothing comes any more."""
        super().run_input_thread()
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._app.exit)
