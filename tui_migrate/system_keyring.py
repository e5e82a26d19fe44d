"""The system keyring as a place of passwords, by the library `keyring`, which is an extra of the installation.

It is loaded and asked in a thread of its own: a keyring that is locked waits for its owner, maybe for ever, and its
thread must keep neither a screen, nor a worker, nor the end of the process. Nothing that a backend says is quoted or
chained, since it is foreign code and may quote a password.
"""

import importlib.util
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, TypeVar

from tui_migrate.errors import CredentialsMissing, StorageFailed, TuiMigrateError

if TYPE_CHECKING:
    from types import ModuleType

SERVICE: Final = "tui-migrate"
"""What all entries stand under."""

ANSWER_SECONDS: Final = 10.0
"""How long a keyring may take. Whoever unlocks it later than that tries again and is answered at once."""

INSTALL: Final = "pip install 'tui-migrate[keyring]'"

_T = TypeVar("_T")


def is_installed() -> bool:
    """Say whether the library is there, without loading it. Whether a keyring answers is seen when it is asked."""
    return importlib.util.find_spec("keyring") is not None


def find(account: str) -> str | None:
    """Give the password of an account, None where the keyring has none. Blocks, up to ANSWER_SECONDS.

    Raises CredentialsMissing where the keyring cannot be asked.
    """

    def look(library: "ModuleType") -> str | None:
        found = library.get_password(SERVICE, account)
        return found if isinstance(found, str) and found else None

    return _ask(look, CredentialsMissing)


def keep(account: str, password: str) -> None:
    """Put the password of an account there, in place of one it has. Blocks. Raises StorageFailed."""

    def put(library: "ModuleType") -> bool:
        library.set_password(SERVICE, account, password)
        return bool(library.get_password(SERVICE, account) == password)

    if not _ask(put, StorageFailed):
        raise StorageFailed(
            "the system keyring did not keep the password", hint="choose another place for it, or another keyring"
        )


def forget(account: str) -> None:
    """Take the password of an account out, if there is one. Blocks. Raises StorageFailed."""

    def take(library: "ModuleType") -> None:
        if library.get_password(SERVICE, account) is not None:
            library.delete_password(SERVICE, account)

    _ask(take, StorageFailed)


def _ask(question: "Callable[[ModuleType], _T]", failure: type[TuiMigrateError]) -> _T:
    """Put a question to the library in a thread. Raises `failure` where no answer comes."""
    answer: Future[_T] = Future()

    def work() -> None:
        try:
            answer.set_result(_answered(question, failure))
        except TuiMigrateError as error:
            answer.set_exception(error)

    # No executor: the end of the process would wait for its threads.
    threading.Thread(target=work, name="keyring", daemon=True).start()
    try:
        return answer.result(ANSWER_SECONDS)
    except TimeoutError:
        raise failure(
            f"the system keyring has not answered for {ANSWER_SECONDS:.0f} s",
            hint="unlock it, where it asks for that, and try again",
        ) from None


def _answered(question: "Callable[[ModuleType], _T]", failure: type[TuiMigrateError]) -> _T:
    try:
        import keyring
    except ImportError:
        raise failure("the system keyring needs keyring, which is not installed", hint=INSTALL) from None
    try:
        return question(keyring)
    except keyring.errors.NoKeyringError:
        said, hint = "there is no system keyring here", "start one (GNOME Keyring, KWallet), or choose another place"
    except keyring.errors.KeyringLocked:
        said, hint = "the system keyring is locked", "unlock it and try again"
    except keyring.errors.InitError:
        said, hint = "the system keyring cannot be opened", "see whether its service runs, and try again"
    except Exception as error:  # noqa: BLE001 - a backend is foreign code, which raises what it likes
        said = f"the system keyring failed with {type(error).__name__}"
        hint = "see whether it works: python -m keyring diagnose"
    raise failure(said, hint=hint)
