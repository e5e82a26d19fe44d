"""The journal's tables, and the forward steps from each version of them to the next."""

from typing import Final

APPLICATION_ID: Final = 0x7475694D
"""`tuiM`: marks the file as ours in SQLite's header."""

_VERSION_1: Final = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    stage TEXT NOT NULL,
    plan TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    environment TEXT NOT NULL,
    created_at REAL NOT NULL,
    created_by TEXT NOT NULL,
    description TEXT NOT NULL,
    undo INTEGER NOT NULL,
    writes_begun INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    rollback_of INTEGER NOT NULL DEFAULT 0,
    rolled_back_by INTEGER NOT NULL DEFAULT 0,
    started_at REAL,
    ended_at REAL,
    worker_pid INTEGER,
    worker_host TEXT NOT NULL DEFAULT '',
    last_heard_at REAL,
    rate_limit INTEGER NOT NULL DEFAULT 0,
    undo_bytes INTEGER NOT NULL DEFAULT 0,
    failure_code TEXT,
    failure_message TEXT,
    failure_hint TEXT,
    failure_exit_code INTEGER
) STRICT;

CREATE TABLE run_collections (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    documents_total INTEGER NOT NULL,
    bytes_total INTEGER NOT NULL,
    documents_done INTEGER NOT NULL DEFAULT 0,
    bytes_done INTEGER NOT NULL DEFAULT 0,
    inserted INTEGER NOT NULL DEFAULT 0,
    replaced INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    assumed_ours INTEGER NOT NULL DEFAULT 0,
    restored INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    spared INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE batches (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    collection TEXT NOT NULL,
    number INTEGER NOT NULL,
    position BLOB NOT NULL,
    last_id BLOB NOT NULL,
    documents INTEGER NOT NULL,
    digest BLOB NOT NULL,
    undo_begin INTEGER NOT NULL,
    undo_end INTEGER NOT NULL,
    PRIMARY KEY (run_id, collection, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    collection TEXT NOT NULL,
    number INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    packed INTEGER NOT NULL,
    unpacked INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (run_id, collection, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE rejects (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    "offset" INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    collection TEXT NOT NULL,
    digest BLOB NOT NULL,
    code INTEGER NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (run_id, "offset")
) STRICT, WITHOUT ROWID;

CREATE TABLE findings (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    stage TEXT NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    severity TEXT NOT NULL,
    message TEXT NOT NULL,
    hint TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (run_id, stage, code, subject)
) STRICT;

CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    at REAL NOT NULL,
    severity TEXT NOT NULL,
    message TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_run ON events (run_id, sequence);

CREATE TABLE transitions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    at REAL NOT NULL,
    attempt INTEGER NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL
) STRICT;

CREATE TABLE controls (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    wish TEXT NOT NULL,
    value INTEGER NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at REAL NOT NULL,
    state_seen TEXT NOT NULL,
    status TEXT NOT NULL,
    answer TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX controls_of_run ON controls (run_id, status);

CREATE TABLE claims (
    place TEXT NOT NULL,
    collection TEXT NOT NULL,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    PRIMARY KEY (place, collection)
) STRICT, WITHOUT ROWID;
"""

_VERSION_2: Final = """
ALTER TABLE runs ADD COLUMN retry_of INTEGER NOT NULL DEFAULT 0;

CREATE TABLE verified (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    collection TEXT NOT NULL,
    number INTEGER NOT NULL,
    position BLOB NOT NULL,
    last_id BLOB NOT NULL,
    is_done INTEGER NOT NULL,
    PRIMARY KEY (run_id, collection)
) STRICT, WITHOUT ROWID;
"""

_VERSION_3: Final = """
CREATE TABLE backups (
    name TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    path TEXT NOT NULL,
    source TEXT NOT NULL,
    connection TEXT NOT NULL,
    places TEXT NOT NULL,
    environment TEXT NOT NULL,
    owner TEXT NOT NULL,
    collections TEXT NOT NULL,
    is_whole INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    before_run INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    documents INTEGER NOT NULL DEFAULT 0,
    size INTEGER NOT NULL DEFAULT 0,
    verified_at REAL,
    verdict TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE samples (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at REAL NOT NULL,
    documents INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;
"""

_VERSION_4: Final = """
CREATE TABLE conflicts (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    collection TEXT NOT NULL,
    document BLOB NOT NULL,
    ours BLOB NOT NULL,
    theirs BLOB NOT NULL,
    fields TEXT NOT NULL,
    state TEXT NOT NULL,
    decided_by TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (run_id, number),
    UNIQUE (run_id, collection, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX conflicts_by_state ON conflicts (run_id, state);
"""

_VERSION_5: Final = """
ALTER TABLE runs ADD COLUMN parallel INTEGER NOT NULL DEFAULT 1;
"""

_VERSION_6: Final = """
ALTER TABLE runs ADD COLUMN waited REAL NOT NULL DEFAULT 0;
"""

STEPS: Final[tuple[str, ...]] = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6)
"""Step N leads from version N to version N + 1; a step that has been released is never edited."""

VERSION: Final = len(STEPS)
