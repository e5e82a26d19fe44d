"""The error tree: every way tui-migrate can refuse or fail, with its exit code and the user's next step.

    TuiMigrateError              1
    ├── UsageError               2   the command line, a file or a name the user gave is wrong
    │   ├── InvalidFile          2   a YAML file with a fault: file, line and key
    │   └── RunNotFound          2
    ├── Refused                  4   a preflight check or a conflict stops the run before it writes
    │   ├── ConflictFound        4
    │   ├── PackageDamaged       4
    │   ├── WrongKey             4   the key or the passphrase does not open an encrypted package
    │   ├── NotAuthorised        4   the server says no to an operation
    │   ├── CredentialsMissing   4
    │   └── NotReversible        4   this run cannot be rolled back
    ├── Unreachable              1   no connection, or it was lost: what can pass
    ├── AuthenticationFailed     1
    ├── TimedOut                 1   a run or a stage took longer than its plan allows
    ├── WriteRefused             1   the target refuses a document and the ceiling of rejects is reached
    ├── StorageFailed            1   a file of ours cannot be written: full disk, read-only folder, failed fsync
    ├── JournalError             1
    │   ├── JournalTooNew        1
    │   └── JournalBusy          1
    ├── MalformedDocument        1   bytes that are not BSON
    ├── Interrupted              5   stopped on the way, can be resumed
    └── Cancelled              130   by the operator

A message says what happened and to what; a hint says what to do next. Neither ever holds a secret: whoever raises with
text from outside passes it through `tui_migrate.redaction` first.
"""

from typing import ClassVar


class TuiMigrateError(Exception):
    """The base of all errors that are shown to a user as one line and a hint."""

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1
    usual_hint: ClassVar[str] = ""
    """What to do next where whoever raises has nothing better to say."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.usual_hint


class UsageError(TuiMigrateError):
    """The user asked for something that makes no sense as it was put."""

    code = "usage"
    exit_code = 2


class InvalidFile(UsageError):
    """A file that a user wrote (plan, connections, theme) breaks its format."""

    code = "invalid_file"
    usual_hint = "correct the file there, then try again"

    def __init__(self, message: str, *, path: str, line: int, key: str = "", hint: str = "") -> None:
        where = f"{path}, line {line}" + (f", key {key!r}" if key else "")
        super().__init__(f"{where}: {message}", hint=hint)
        self.problem = message
        self.path = path
        self.line = line
        self.key = key


class RunNotFound(UsageError):
    """No run of that id stands in the journal."""

    code = "run_not_found"


class Refused(TuiMigrateError):
    """A check says that this must not run as it is; nothing has been written to the target."""

    code = "refused"
    exit_code = 4


class ConflictFound(Refused):
    """Policy `fail` met a document that differs in the target."""

    code = "conflict"


class PackageDamaged(Refused):
    """A package is not what its manifest says, or cannot be read."""

    code = "package_damaged"


class WrongKey(Refused):
    """A key or passphrase is not the one that a package was encrypted for; the package itself may be whole."""

    code = "wrong_key"
    usual_hint = "try another key or passphrase; the package is not touched"


class NotAuthorised(Refused):
    """The server knows the user but does not allow the operation."""

    code = "not_authorised"


class CredentialsMissing(Refused):
    """A secret is needed and stands in no place where it may be looked for."""

    code = "credentials_missing"


class NotReversible(Refused):
    """The run asked for cannot be rolled back."""

    code = "not_reversible"


class Unreachable(TuiMigrateError):
    """A server does not answer or the connection was lost; trying again may help."""

    code = "unreachable"


class AuthenticationFailed(TuiMigrateError):
    """The server does not accept the user name and password."""

    code = "authentication_failed"


class TimedOut(TuiMigrateError):
    """A run, or one stage of it, has worked longer than its plan allows."""

    code = "timed_out"


class WriteRefused(TuiMigrateError):
    """The target refuses documents, and more of them than the plan allows."""

    code = "write_refused"
    usual_hint = "put such documents right at the source, or let more of them be put aside with --max-rejects"


class StorageFailed(TuiMigrateError):
    """A file of tui-migrate's own could not be written or made durable."""

    code = "storage_failed"


class JournalError(TuiMigrateError):
    """The journal cannot be used."""

    code = "journal"


class JournalTooNew(JournalError):
    """The journal was written by a newer version of tui-migrate."""

    code = "journal_too_new"


class JournalBusy(JournalError):
    """Another process holds the journal for too long."""

    code = "journal_busy"


class MalformedDocument(TuiMigrateError):
    """Bytes that should be a BSON document are not one."""

    code = "malformed_document"
    usual_hint = "repair or remove the document where it comes from, or leave its collection out with --exclude"

    def __init__(self, message: str, *, offset: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.offset = offset


class Interrupted(TuiMigrateError):
    """The run stopped on the way and can be resumed."""

    code = "interrupted"
    exit_code = 5


class Undecided(Interrupted):
    """Documents wait for the operator's decision; the run goes on once it is made."""

    code = "undecided"


class Cancelled(TuiMigrateError):
    """The operator cancelled the run."""

    code = "cancelled"
    exit_code = 130
