"""The plan: what is to be done, frozen before it is done.

A plan holds no password and no open connection: it can be written to a file, kept in the journal and repeated.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tui_migrate.mapping.model import Scope
from tui_migrate.packages.forms import PackageForm
from tui_migrate.packages.limits import USUAL, Limits
from tui_migrate.packages.types.model import TypePlan
from tui_migrate.stores.base import CollectionKind

DEFAULT_BATCH_DOCUMENTS: Final = 1_000
DEFAULT_BATCH_BYTES: Final = 4 * 1024 * 1024
MOST_SECONDS: Final = 10 * 366 * 86_400
"""The longest time limit that a plan may set: more is a slip of the pen."""

MOST_PARALLEL: Final = 8
"""How many collections may be verified at once: each takes two blocks of memory and a share of both servers."""


class RunKind(StrEnum):
    """What a run does."""

    EXPORT = "export"
    IMPORT = "import"
    COPY = "copy"
    ROLLBACK = "rollback"


class Policy(StrEnum):
    """What to do with a document that the target has already in another form."""

    FAIL = "fail"
    SKIP = "skip"
    OVERWRITE = "overwrite"
    NEWER = "newer"
    """Replace it where the source's was changed later, by a field that both have."""
    ASK = "ask"
    """Queue it, for the operator to decide."""

    @property
    def may_replace(self) -> bool:
        """True where a document can take the place of one that is there."""
        return self in (Policy.OVERWRITE, Policy.NEWER, Policy.ASK)


class Verify(StrEnum):
    """How much of the result is read again before a run may say that it is completed."""

    NONE = "none"
    COUNT = "count"
    CONTENT = "content"


class OnFailure(StrEnum):
    """What becomes of what a run has written when it fails. `PAUSE` leaves it as it is, to be resumed."""

    PAUSE = "pause"
    ROLLBACK = "rollback"


class Environment(StrEnum):
    """How dangerous an end is. An end that does not say counts as production."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"


@dataclass(frozen=True, slots=True)
class StoreEnd:
    """A database as source or target: by name of a connection, or by URL without its password."""

    database: str
    connection: str = ""
    url: str = ""
    environment: Environment = Environment.PRODUCTION

    @property
    def label(self) -> str:
        """What people read: `prod/shop`, or the URL."""
        return f"{self.connection}/{self.database}" if self.connection else self.url


@dataclass(frozen=True, slots=True)
class PackageEnd:
    """A package on disk as source or target, by absolute path.

    As a target it gets the `form`, encrypted for the `recipients` (age's public keys) or with a passphrase, which is
    never kept. As a source its form is found out; `database` picks one of several, `types` is the decision about a form
    without types (None while it is open), the two files hold what opens it, and `limits` is what it may come to.
    """

    path: str
    form: PackageForm = PackageForm.NATIVE
    recipients: tuple[str, ...] = ()
    with_passphrase: bool = False
    database: str = ""
    types: TypePlan | None = None
    identity_file: str = ""
    key_file: str = ""
    limits: Limits = USUAL

    @property
    def label(self) -> str:
        """What people read."""
        return self.path

    @property
    def is_pipe(self) -> bool:
        """True of a package that is written into the pipe behind the command."""
        return self.path == PIPE


End = StoreEnd | PackageEnd

PIPE: Final = "-"
"""The path of a package that goes through a pipe: there is one reader, and nothing is left to look at."""


@dataclass(frozen=True, slots=True)
class PlannedCollection:
    """One collection of the plan, with the size it had when the plan was made.

    `kind` is what it was then, or None where that is not known: a run does not take a view that has become a plain
    collection, as a server that lost its last writes may show it, for what was planned. `remove` is of a mirror alone:
    the source has no such collection, and the target's is emptied and dropped.
    """

    name: str
    documents: int = 0
    size: int = 0
    kind: CollectionKind | None = None
    remove: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    `collections` stand in the order in which they are worked, views last. `undo` keeps before-images. `max_rejects` is
    how many refused documents the run may put aside before it stops. `timeout` and `stage_timeout` are the seconds that
    one attempt, and each stage of it, may work; 0 is no limit. `rollback_of` is the run that a rollback takes back,
    else 0, and `force` lets it take what others changed too. `retry_of` is the run whose refused documents are the
    source, else 0.

    `parallel` is how many collections are verified at once when the run begins; it is changed while the run goes.

    `newer_by` is the dotted path of the field that the policy `newer` compares, whatever the catalog names; empty for
    the catalog's own.

    `catalog` is the text of the catalog that describes the data, or empty. `scope` is which documents are meant and how
    they are changed on their way. `mirror` makes the target's collections the same as the source's: what they have
    besides is deleted, with before-images, and what is defined otherwise is replaced, see `plan.mirror`. `strict` takes
    the warnings of the preflight checks for errors.
    """

    kind: RunKind
    source: End
    target: End
    collections: tuple[PlannedCollection, ...]
    policy: Policy = Policy.FAIL
    undo: bool = True
    verify: Verify = Verify.CONTENT
    max_rejects: int = 0
    batch_documents: int = DEFAULT_BATCH_DOCUMENTS
    batch_bytes: int = DEFAULT_BATCH_BYTES
    description: str = ""
    on_failure: OnFailure = OnFailure.PAUSE
    timeout: int = 0
    stage_timeout: int = 0
    rollback_of: int = field(default=0)
    force: bool = False
    retry_of: int = 0
    catalog: str = ""
    scope: Scope = field(default_factory=Scope)
    mirror: bool = False
    strict: bool = False
    newer_by: str = ""
    parallel: int = 1
