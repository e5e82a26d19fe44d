"""Every rule that makes the engine's promises true is named by tests: `@pytest.mark.rule(number, "what of it")`."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import tests

RULES = {
    1: "inserts are plain inserts; replaces and deletes are compare-and-set",
    2: "write concern majority with journal, reads from the primary with majority",
    3: "undo frames are append-only",
    4: "what is in doubt is compared with its INTENT",
    5: "a dead worker's write can still arrive",
    6: "one worker a run, by flock",
    7: "keys are not bytes",
    8: "collations order otherwise",
    9: "bounds",
    10: "what is stored may not be what was sent",
    11: "batches are cut by the bytes of source plus before-images",
    12: "capped and time-series collections",
    13: "shard keys",
    14: "what belongs to the server; GridFS buckets",
    15: "views",
    16: "nothing that was there before is dropped, recreated or changed",
    17: "indexes and validators in their order",
    18: "duplicate errors by the key of their index",
    19: "TTL indexes",
    20: "the order of a rollback, and what it spares",
    21: "what completed means",
    22: "source is target",
    23: "the journal's file",
    24: "package digests",
    25: "undo files",
    26: "detached workers and login sessions",
}
ROOT = Path(tests.__file__).parent


def marks(source: str, where: str) -> Iterator[tuple[int, str]]:
    """The rules that the tests of a file name, each with what it says of them."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for mark in function.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.rule":
                assert function.name.startswith("test_"), f"{where}: {function.name} is no test"
                number, what = map(ast.literal_eval, mark.args)
                yield number, what


def named_rules() -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for file in sorted(ROOT.rglob("test_*.py")) + sorted((ROOT / "suites").glob("*.py")):
        for number, what in marks(file.read_text(), str(file)):
            found[number].append(what)
    return found


def test_every_rule_is_proved_by_a_test_and_no_other_is_named() -> None:
    found = named_rules()
    assert {number: rule for number, rule in RULES.items() if number not in found} == {}
    assert found.keys() <= RULES.keys()
    assert all(what.strip() for several in found.values() for what in several)


def test_a_mark_on_a_test_or_a_method_is_seen_and_nothing_else() -> None:
    source = """
class Cases:
    @pytest.mark.slow
    @pytest.mark.rule(3, "frames")
    async def test_it(self): ...

@pytest.mark.rule(4, "doubt")
@pytest.mark.rule(5, "late")
def test_that(): ...

# @pytest.mark.rule(6, "a comment")
def test_bare(): ...
"""
    assert sorted(marks(source, "here")) == [(3, "frames"), (4, "doubt"), (5, "late")]
