"""The engine: five stages that move documents, and the rules that let it be killed anywhere.

Invariants, and the order of writes that keeps them:

1.  Before a batch is written to the target, the undo log holds an INTENT for every document of it, made durable by
    fsync: the key, the document as it was or that there was none, and the hash of what is to be written. A failed
    fsync ends the run and is never tried again.
2.  Inserts are plain inserts. A replace or a delete takes effect only on the very bytes that the INTENT holds as
    before: in a snapshot transaction that reads again, or by comparing on a server that has no transactions.
3.  After the write, an OUTCOME says for each INTENT whether it was written, and is made durable before the journal's
    checkpoint. A checkpoint is one transaction: the source's position, the counters, the findings, the end of the undo
    log.
4.  What the undo log holds behind the last checkpoint is in doubt. It is settled by looking at the target, never at the
    source: equal to what was to be written is ours; equal to what was before is not written; anything else is a
    stranger's. An insert in doubt that is found equal cannot be told from a stranger's and is counted `assumed_ours`.
    Before any of that, the sessions of all earlier attempts are ended, and nothing is looked at until the server has
    nothing of theirs at work: a write of a worker that died could else arrive after it was judged not to have. What a
    server had not read by then can arrive even so: an INTENT that was not found stays one, and what is found equal to
    it later is ours, for the run and for its rollback.
5.  Keys are compared as MongoDB orders them, numbers by value; documents are compared by their bytes or a hash of
    them, `_id` moved to the front. What a target holds is kept as a hash: only a before-image is read whole.
6.  A run creates what is not there and changes nothing about what is: no option, no index of the same name, no
    collection dropped. What it creates is recorded before and after, and is all that a rollback takes away; what the
    target refused to create is recorded as given up. A mirror alone goes further, for it is to make the target's
    collections the same as the source's: it deletes the documents that only the target has, drops indexes, sets
    validators, and replaces collections and views whole. There it is not what was never touched that makes a rollback
    true but what is recorded: before a thing is taken away its definition is durable in the undo log as REMOVED, and
    before a collection is dropped each of its documents is there too, as the before-image of its deletion or, where a
    collection takes no deletes, as HELD. A collection is renamed aside and looked at once more before it is dropped.
7.  Into a collection that the run creates go unique indexes first, then documents, then the other indexes and the
    validator, and indexes that delete by age last, after the verification. Views come after all collections. What
    comes to be under a name of the plan after the checks is refused where the run could not tell it from its own.
8.  The rollback walks the undo log from its end. It undoes a document that is as the run left it, leaves one that is as
    it was before, and spares any other, which becomes a finding. By force it takes those too, and the finding is
    durable before the document is touched. A deletion is undone by inserting what was deleted where nothing is now.
    What a mirror took away whole is made again once what the run put in its place is gone; then come its documents,
    its indexes, its validator, and views last. That it was begun stands in the journal before it is.
    What comes back need not meet the target's validator. Before a run replaces anything in a collection that has one,
    the user's privilege to bypass it is checked; where there is none it is not asked for.
9.  `completed` means that every document that stayed the same in the source from start to end is equal in the target.
    What moved in the source meanwhile is `source_moved`, what is wrong in the target `target_differs`, what it has
    deleted by its age `expired`, and where both may have changed a document of which the run has no record, having
    found it equal, `end_untold`; then the run is `completed_with_findings`. How far the verification is stands in the
    journal, in one transaction with what it has found by then. A document that the target refused is kept with its
    reason, and no run that has one is completed.
10. A package is written under another name, its manifest last, and renamed when all of it is durable.
11. One worker a run, by a lock that is held for the life of the process; one that is stopped but alive is ended before
    another takes over. Two runs of one home never write to the same collections of a target: the second is refused. A
    run of another machine shows itself only as conflicts.
12. Where a collection orders strings by a collation of its own, documents are looked up by id and never merged. The
    first and the last range of ids are open, and resuming skips the very key at which it stopped, so that no document
    at either end of all keys is lost.
13. A batch is cut by the bytes of its documents and before-images, one large document is in flight at a time, and what
    is looked up streams: memory does not grow with the data. A run pauses when the undo log's disk is nearly full.
14. Refused by name, before anything is written: a source that is the target, databases and collections of the server's
    own, capped and time-series collections that are there already, targets sharded by another key than `_id`.
15. Where the system ends a user's processes at logout a worker is started so that it survives, or the operator is told
    that it will not.
16. Under the policy `ask` a document that differs is put into the journal's queue by the transaction of its batch's
    checkpoint. A run ends in no final state of its own while one waits: it stops behind its last collection and can be
    resumed. A decision is about the two hashes that stood in the queue; it is written by the path of every replace, and
    what is not as it was then, at either end, is queued again. That it is written is committed with its checkpoint, and
    so is that it was changed too late to be written otherwise. What waits for a value of a unique index, decided or to
    be inserted, waits until nothing of its collection is open, and only then becomes a reject.
17. A request to cancel a run stands until the run has ended or somebody calls it off: what its worker did not live to
    do, or stopped too early for, the next one does before anything else, without the source. The rollback that was
    wished with it is recorded before the run's end is, and is made once.

What each crash leaves: before 1, nothing; between 1 and 3, a batch in doubt; after 3, a batch that is done. A torn end
of the undo log is cut: no write follows an INTENT that was not made durable. A log that ends before its last checkpoint
is not torn but damaged, and is neither gone on with nor undone by halves.
"""
