"""The pictures that need no server: a journal written for them, a fixed clock, and looks that were prepared."""

from dataclasses import dataclass
from typing import Final

import bson

from tui_migrate import connections
from tui_migrate.connections import Connection
from tui_migrate.engine.rejects import Refused, RejectFile
from tui_migrate.findings import Finding, Severity
from tui_migrate.journal import backups
from tui_migrate.journal.backup_records import BackupRecord, BackupState
from tui_migrate.journal.hindrance import Hindrance, hindrance_line
from tui_migrate.journal.progress import Progress
from tui_migrate.journal.records import Checkpoint, CollectionState, Counts, RejectState
from tui_migrate.journal.states import RunState, Stage
from tui_migrate.journal.writer import JournalWriter
from tui_migrate.paths import Home, make_private_folder
from tui_migrate.plan.model import Environment, PackageEnd, Plan, PlannedCollection, Policy, RunKind, StoreEnd
from tui_migrate.stores.base import CollectionInfo, CollectionKind, Identity
from tui_migrate.ui.checking import Checked
from tui_migrate.ui.draft import Draft, Step, to_request
from tui_migrate.ui.look import ConnectionsRead, EndLook, LookState
from tui_migrate.ui.looks import Looks
from tui_migrate.worker.lock import RunLock

NOW: Final = 1_790_000_000.0
"""The time in the pictures: 2026-09-21 14:13:20 UTC."""
DAY: Final = 86_400.0

PROD: Final = StoreEnd("shop", connection="prod", environment=Environment.PRODUCTION)
STAGING: Final = StoreEnd("shop", connection="staging", environment=Environment.STAGING)
SIZES: Final = {
    "orders": (1_800_000, 1_640_000_000),
    "audit_log": (80_120, 31_000_000),
    "users": (120_000, 96_400_000),
    "products": (14_212, 22_800_000),
    "reviews": (61_903, 48_100_000),
    "carts": (8_740, 6_300_000),
    "tmp_import": (2_040, 900_000),
}
CATALOG: Final = """\
name: shop
title: The shop
version: "3"
collections:
  users:
    sensitive:
      - {field: email, redaction: hash, reason: it names people}
      - {field: phone, redaction: mask, reason: it names people}
      - {field: password, redaction: drop, reason: it opens an account}
  orders:
    references:
      - {field: user_id, to: users}
      - {field: items.product_id, to: products}
  products:
    description: What the shop sells.
  reviews:
    references:
      - {field: product_id, to: products}
  "tmp_*":
    excluded: it is made anew at each start
"""
FOUND: Final = (
    Finding(
        Severity.WARNING,
        "rejected",
        "users _id 40117",
        "the target refused this document: Document failed validation",
        "it is kept, and can be retried",
    ),
    Finding(
        Severity.WARNING,
        "rejected",
        "users _id 61902",
        "the target refused this document: E11000 duplicate key error index: email_1",
        "it is kept, and can be retried",
    ),
    Finding(
        Severity.WARNING,
        "rejected",
        "users _id 88230",
        "the target refused this document: E11000 duplicate key error index: email_1",
        "it is kept, and can be retried",
    ),
    Finding(
        Severity.WARNING,
        "rejected",
        "users _id 90004",
        "the target refused this document: Document failed validation",
        "it is kept, and can be retried",
    ),
    Finding(
        Severity.WARNING,
        "source_moved",
        "carts",
        "documents changed in the source while the run was reading it, such as _id 8121",
        "run it again to take up the changes",
        37,
    ),
    Finding(
        Severity.WARNING,
        "id_type_differs",
        "products",
        "an _id is of another number type in the target; the target's form is kept",
        "",
        12,
    ),
    Finding(Severity.WARNING, "index_missing", "reviews.by_stars", "the target lacks this index", "create it by hand"),
    Finding(Severity.NOTE, "ttl_index", "carts", "documents expire by the index at_1", "expired ones are counted"),
)


@dataclass(slots=True)
class Clock:
    """The time of the journal and of the app."""

    now: float = NOW

    def __call__(self) -> float:
        """The time."""
        return self.now


def plan(*names: str, source: StoreEnd = PROD, target: StoreEnd = STAGING, **others: object) -> Plan:
    """A plan of collections of the shop."""
    chosen = tuple(PlannedCollection(one, *SIZES[one]) for one in names or SIZES if one != "tmp_import")
    return Plan(RunKind.COPY, source, target, chosen, Policy.OVERWRITE, **others)  # type: ignore[arg-type]  # fields of a plan


@dataclass(slots=True)
class LiveRun:
    """The run that is at work. Its lock is held until `end`."""

    journal: JournalWriter
    clock: Clock
    id: int
    lock: RunLock
    batches: int = 330

    async def go_on(self) -> None:
        """Write what it has done in half a second more."""
        self.clock.now += 0.5
        documents = 960 + (self.batches * 7919) % 11 * 12 + min(self.batches - 330, 30) * 10
        counts = Counts(inserted=documents - 9, unchanged=9)
        await Progress(self.journal, self.id).commit_batch(_batch("orders", self.batches, counts, documents))
        await self.journal.beat(self.id)
        self.batches += 1

    async def end(self) -> None:
        """Let it go."""
        self.lock.release()
        await self.journal.close()


async def write_journal(home: Home, clock: Clock) -> LiveRun:
    """Write connections, backups and runs: 0041 ended with findings, 0042 is at work as long as its lock is held."""
    connections.write(
        home,
        [
            Connection("prod", "mongodb://reader@db1.example.net/shop", Environment.PRODUCTION, "PROD_PASSWORD"),
            Connection("staging", "mongodb://db2.example.net/shop", Environment.STAGING),
        ],
    )
    journal = await JournalWriter.open(home.journal, clock)
    await _write_backups(home, journal, clock)
    await _write_ended(home, journal, clock)
    live = await _write_live(home, journal, clock)
    clock.now = NOW
    return live


async def _begin(home: Home, journal: JournalWriter, made: Plan, above: int = 0) -> int:
    run_id = await journal.create_run(made, "anna@bastion", above)
    make_private_folder(home.run(run_id).path)
    home.run(run_id).undo_log.touch(0o600)
    await journal.begin_attempt(run_id, 4_117, "bastion", RunState.VALIDATING)
    for state in (RunState.READY, RunState.PREPARING, RunState.EXECUTING):
        await journal.transition(run_id, state)
    await journal.set_writes_begun(run_id)
    await journal.set_stage(run_id, Stage.EXECUTE)
    return run_id


def _batch(name: str, number: int, counts: Counts, documents: int) -> Checkpoint:
    size = documents * SIZES[name][1] // SIZES[name][0]
    return Checkpoint(name, number, b"", b"", documents, size, b"", counts, 0, 0)


async def _write_ended(home: Home, journal: JournalWriter, clock: Clock) -> None:
    """The run of the day before, with its rejects, its findings and its log."""
    clock.now = NOW - DAY
    made = plan("users", "products", "reviews", "carts", description="nightly refresh, ticket 4711", catalog=CATALOG)
    run_id = await _begin(home, journal, made, 40)
    progress = Progress(journal, run_id)
    file = RejectFile(home.run(run_id).rejects, 0)
    refused: list[tuple[dict[str, object], int, str]] = [
        ({"_id": 40_117, "email": None, "name": "Grace H.", "age": -1}, 121, "Document failed validation"),
        ({"_id": 61_902, "email": "ada@example.net"}, 11_000, "E11000 duplicate key error index: email_1"),
        ({"_id": 88_230, "email": "alan@example.net"}, 11_000, "E11000 duplicate key error index: email_1"),
        ({"_id": 90_004, "name": "", "age": "41"}, 121, "Document failed validation"),
    ]
    kept = [Refused("users", bson.encode(one), code, why, RejectState.REJECTED) for one, code, why in refused]
    records = await file.append(kept)
    await file.close()
    for number, name in enumerate(("users", "products", "reviews", "carts")):
        clock.now += 19
        await progress.set_collection(name, CollectionState.ACTIVE)
        await journal.add_event(run_id, f"{name}: starting")
        documents = SIZES[name][0]
        lost = len(records) if name == "users" else 0
        counts = Counts(inserted=documents - lost - 394, replaced=394, rejected=lost)
        put_aside = records if lost else []
        await progress.commit_batch(_batch(name, number, counts, documents), refused=put_aside)
        if name == "reviews":
            words = "db2.example.net:27017 does not answer; again in 0.4 s (1 of 8)"
            await journal.add_event(run_id, words, Severity.WARNING)
        clock.now += 11
        await progress.set_collection(name, CollectionState.DONE)
    for one in ("users", "products", "reviews", "carts"):
        clock.now += 3
        await journal.add_event(run_id, f"{one}: verifying")
    refusals = [one for one in FOUND if one.code == "rejected"]
    await journal.add_findings(run_id, Stage.EXECUTE, refusals)
    await journal.add_findings(run_id, Stage.VERIFY, [one for one in FOUND if one not in refusals])
    for state in (RunState.VERIFYING, RunState.COMMITTING):
        await journal.transition(run_id, state)
    await journal.set_stage(run_id, Stage.COMMIT)
    await journal.end_attempt(run_id, RunState.COMPLETED_WITH_FINDINGS, None)


async def _write_live(home: Home, journal: JournalWriter, clock: Clock) -> LiveRun:
    """The run that is at work: eleven minutes old, slowed once by its rate limit and now by its target."""
    clock.now = NOW - 660
    run_id = await _begin(home, journal, plan(description="release 3.2"))
    lock = RunLock.acquire(home.run(run_id).lock)
    if lock is None:
        raise SystemExit(f"somebody holds {home.run(run_id).lock}")
    progress = Progress(journal, run_id)
    await progress.set_collection("users", CollectionState.ACTIVE)
    for number in range(330):
        clock.now += 2
        name = "users" if number < 44 else "orders"
        documents = _speed(number)
        counts = Counts(inserted=documents - 12, replaced=3, unchanged=9)
        await progress.commit_batch(_batch(name, number, counts, documents))
        await journal.beat(run_id)
        if number == 44:
            await progress.set_collection("users", CollectionState.DONE)
            await progress.set_collection("orders", CollectionState.ACTIVE)
            await journal.add_event(run_id, "orders: starting")
        if number == 150:
            await journal.set_rate_limit(run_id, 2_000)
            await journal.add_event(run_id, "rate set to 2,000 by bert@bastion")
            await journal.add_event(run_id, hindrance_line(Hindrance.LIMIT, 0.93))
        if number == 200:
            await journal.set_rate_limit(run_id, 0)
            await journal.add_event(run_id, "rate set to no limit by bert@bastion")
        if number == 215:
            await journal.add_event(run_id, hindrance_line(Hindrance.TARGET, 0.81))
        if number == 300:
            words = "db2.example.net:27017 does not answer; again in 0.5 s (1 of 8)"
            await journal.add_event(run_id, words, Severity.WARNING)
    return LiveRun(journal, clock, run_id, lock)


def _speed(number: int) -> int:
    """Documents in two seconds: of users, then of orders: quick, then limited, then held up by the target."""
    if number < 44:
        return 2_727 + (12 if number == 43 else 0)
    wave = (number * 7919) % 13 * 60
    if 150 <= number < 200:
        return 4_000
    return 5_200 + wave if number < 150 else 3_600 + wave + (number - 200) * 6


async def _write_backups(home: Home, journal: JournalWriter, clock: Clock) -> None:
    """Backups of half a year."""
    make_private_folder(home.backups)
    rows = (
        ("prod-shop-20251001T020000Z", 355, PROD, "good", 690_118),
        ("prod-shop-20251229T020000Z", 266, PROD, "good", 744_020),
        ("before-release-3.0", 201, PROD, "good", 790_551),
        ("prod-shop-20260328T020000Z", 177, PROD, "good", 812_400),
        ("prod-shop-20260627T020000Z", 86, PROD, "good", 905_120),
        ("before-release-3.1", 40, PROD, "good", 918_004),
        ("staging-shop-20260901T120000Z", 20, STAGING, "", 310_220),
        ("prod-shop-20260914T020000Z", 7, PROD, "good", 957_311),
    )
    for name, days, end, verdict, size in rows:
        clock.now = NOW - days * DAY
        path = home.backups / f"{name}.tar"
        whole = (PlannedCollection("orders", *SIZES["orders"]),)
        run_id = await _begin(home, journal, Plan(RunKind.EXPORT, end, PackageEnd(str(path)), whole, undo=False))
        path.write_bytes(bytes(size))
        names = tuple(one for one in SIZES if one != "tmp_import")
        host = "db1" if end is PROD else "db2"
        record = BackupRecord(
            name, clock.now, str(path), end.label, end.connection, (f"{host}.example.net/shop",),
            end.environment, "", names, True, run_id, state=BackupState.GOOD,
        )  # fmt: skip
        await backups.add_backup(journal, record)
        for state in (RunState.VERIFYING, RunState.COMMITTING):
            await journal.transition(run_id, state)
        await journal.end_attempt(run_id, RunState.COMPLETED, None)
        async with journal.transaction() as database:
            await database.execute(
                "UPDATE backups SET documents = ?, size = ? WHERE name = ?", (2_084_975, size * 1_000, name)
            )
        if verdict:
            await backups.set_verified(journal, name, clock.now + 3_600, verdict)


def infos(share: int = 1, *, but: tuple[str, ...] = ()) -> tuple[CollectionInfo, ...]:
    """The shop's collections; of a target that has a `share`-th of them."""
    nothing = bson.encode({})
    index = bson.encode({"v": 2, "key": {"_id": 1}, "name": "_id_"})
    return tuple(
        CollectionInfo(
            name, CollectionKind.PLAIN, nothing, (index,) * (1 + place % 3), None, one // share, size // share
        )
        for place, (name, (one, size)) in enumerate(sorted(SIZES.items()))
        if name not in but
    )


def looks() -> Looks:
    """Both ends as they answered."""
    source = EndLook(PROD, LookState.DONE, NOW, "8.0.4", 12, Identity("mongodb", frozenset("a"), "shop"), infos())
    there = infos(40, but=("reviews", "carts", "tmp_import", "products"))
    target = EndLook(STAGING, LookState.DONE, NOW, "7.0.14", 38, Identity("mongodb", frozenset("b"), "shop"), there)
    return Looks(ConnectionsRead({}), {PROD: source, STAGING: target})


def draft(step: Step) -> Draft:
    """A plan that is being made: what orders need is not marked."""
    marks = frozenset(("orders", "users", "reviews"))
    return Draft(PROD, STAGING, marks, tuple(sorted(SIZES)), Policy.OVERWRITE, catalog=CATALOG, step=step)


def checked() -> Checked:
    """What the checks found about it."""
    findings = (
        Finding(
            Severity.ERROR, "kind_differs", "reviews", "this is a collection in the source and a view in the target",
            "rename or drop the target's",
        ),
        Finding(
            Severity.WARNING, "validator_rejects", "users",
            "7 documents do not meet the target's validator, such as _id 40117, 61902, 90004",
            "put them right at the source, or let them be put aside: --max-rejects 7, or more", 7,
        ),
        Finding(
            Severity.WARNING, "unique_clash", "users.email_1",
            "2 documents have values of the target's unique index email_1 that another document has, such as _id 88230",
            "make them differ, leave them out, or let them be put aside: --max-rejects 2", 2,
        ),
        Finding(
            Severity.WARNING, "reference_missing", "orders", "items.product_id refers to products, which is not marked",
            "mark products, too",
        ),
        Finding(Severity.NOTE, "latency", "target", "a question to the target takes 38 ms"),
    )  # fmt: skip
    return Checked(to_request(draft(Step.PREFLIGHT)), LookState.DONE, NOW, None, findings)
