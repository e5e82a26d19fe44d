from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from tests.mapping.catalogs import WORKSHOP
from tests.ui.driving import NOW, new_app, store_end, table_cells, until
from tests.ui.new_scene import SIZE, rows, says, session, type_into
from tui_migrate.paths import Home
from tui_migrate.plan.model import OnFailure, PackageEnd, Policy, Verify
from tui_migrate.ui.consequences import Count, Question
from tui_migrate.ui.draft import Draft, Step, to_request
from tui_migrate.ui.look import EndLook, LookState
from tui_migrate.ui.screens.dialogs import AskText, Choose
from tui_migrate.ui.screens.new_migration import NewMigrationScreen
from tui_migrate.ui.screens.new_options import MOST_RATE, Option, meaning, option_rows

SOURCE, TARGET = store_end("prod"), store_end("staging")
DRAFT = Draft(SOURCE, TARGET, frozenset(("users",)), ("users",), step=Step.POLICY)


def values(draft: Draft) -> dict[str, str]:
    return {row.key: row.cells[1] for row in option_rows(draft)}


def test_it_is_said_that_the_batch_of_the_reject_too_many_is_still_written() -> None:
    assert "behind its batch" in meaning(Option.REJECTS)


def test_the_defaults_are_shown() -> None:
    assert values(DRAFT) == {
        "undo": "kept",
        "verify": "content",
        "max_rejects": "none: stop at the first",
        "backup_first": "no",
        "rate": "none",
        "on_failure": "leave it, to be resumed",
        "catalog": "none",
        "owner": "everybody's documents",
        "owner_to": "as they are",
        "redact": "off",
        "strict": "off: warnings are asked",
        "quick": "off: all documents",
        "timeout": "none",
        "batch": "1,000 or 4.2 MB",
        "description": "—",
    }
    order = ["undo", "verify", "max_rejects", "backup_first", "rate"]
    assert list(values(DRAFT))[:5] == order, "what mostly is needed stands above the edge"


def test_what_is_set_is_shown() -> None:
    draft = replace(
        DRAFT,
        undo=False,
        verify=Verify.COUNT,
        max_rejects=1200,
        timeout=600,
        batch_documents=5,
        rate_limit=2500,
        description="T-1",
    )
    changed = {name: said for name, said in values(draft).items() if said != values(DRAFT)[name]}
    assert changed == {
        "undo": "NOT KEPT: no way back",
        "verify": "count",
        "max_rejects": "1,200",
        "rate": "2,500 documents/s",
        "timeout": "10m 00s",
        "batch": "5 or 4.2 MB",
        "description": "T-1",
    }


def test_a_package_has_neither_undo_nor_rejects() -> None:
    assert list(values(replace(DRAFT, target=PackageEnd("/a")))) == [
        "verify",
        "rate",
        "catalog",
        "owner",
        "redact",
        "strict",
        "quick",
        "timeout",
        "batch",
        "description",
    ]


async def test_without_an_undo_log_a_failed_run_cannot_be_taken_back(home: Home) -> None:
    async with options(home) as pilot:
        await pilot.press(*"jjjjj", "enter")
        await until(pilot, says(pilot, "roll it back"), "both ways")
        await pilot.press("j", "enter")
        await until(pilot, lambda: session(pilot).draft.on_failure is OnFailure.ROLLBACK, "the choice")
        await pilot.press("g", "enter")
        await until(pilot, lambda: session(pilot).draft.on_failure is OnFailure.PAUSE, "no undo, no rollback")
        assert to_request(session(pilot).draft).on_failure is OnFailure.PAUSE
        await pilot.press(*"jjjjj", "enter")
        await until(pilot, says(pilot, "nothing to roll back with"), "why")
        assert len(table_cells(pilot)) == 1


@asynccontextmanager
async def options(home: Home, draft: Draft = DRAFT) -> AsyncIterator[Pilot[None]]:
    """The policy step with its options open; everything is counted, so that nothing connects."""
    app = new_app(home)
    for end in (SOURCE, TARGET):
        app.session.looks.keep(EndLook(end, LookState.DONE, NOW))
    app.session.looks.keep(Count(Question.of(to_request(DRAFT)), LookState.DONE, NOW))
    async with app.run_test(size=SIZE) as pilot:
        await app.push_screen(NewMigrationScreen(draft))
        await until(pilot, lambda: len(table_cells(pilot, "#policies")) == len(Policy), "the policies")
        await pilot.press("m")
        await until(pilot, says(pilot, "enter changes the option under the cursor"), "the options")
        yield pilot


async def change(pilot: Pilot[None], option: Option, draft: Draft = DRAFT) -> None:
    await pilot.press("g", *"j" * list(values(draft)).index(option.value), "enter")
    if option is not Option.UNDO:
        await until(pilot, lambda: isinstance(pilot.app.screen, AskText | Choose), "the question")


def is_back(pilot: Pilot[None]) -> bool:
    return isinstance(pilot.app.screen, NewMigrationScreen)


_RATE_WORDS = (
    f"A whole number of documents a second, from 0 to {MOST_RATE:,}.",
    "0 is no limit.",
    "✗ That is not such a number.",
)


@pytest.mark.parametrize("answer", ["rubbish", "-1", "1.5", "", "10,000,001", "9" * 30, "١٢", "1 0"])
async def test_what_is_no_such_number_is_asked_again_and_nothing_is_set(home: Home, answer: str) -> None:
    async with options(home) as pilot:
        await change(pilot, Option.RATE)
        question = pilot.app.screen
        await type_into(pilot, answer)
        await until(pilot, lambda: pilot.app.screen is not question, "the question again")
        await until(pilot, says(pilot, *_RATE_WORDS), "why")
        assert session(pilot).draft == DRAFT
        await pilot.press("escape")
        await until(pilot, lambda: is_back(pilot), "the step")
        assert session(pilot).draft == DRAFT


@pytest.mark.parametrize(
    ("option", "answer", "field", "value"),
    [
        (Option.RATE, "2,500", "rate_limit", 2500),
        (Option.RATE, "0", "rate_limit", 0),
        (Option.REJECTS, " 1_000_000 ", "max_rejects", 1_000_000),
        (Option.BATCH, "1", "batch_documents", 1),
        (Option.DESCRIPTION, "  ticket [7] \u202e ", "description", "ticket [7] \u202e"),
    ],
)
async def test_what_is_typed_is_set(home: Home, option: Option, answer: str, field: str, value: object) -> None:
    async with options(home) as pilot:
        await change(pilot, option)
        await type_into(pilot, answer)
        await until(pilot, lambda: is_back(pilot), "the step")
        await until(pilot, lambda: getattr(session(pilot).draft, field) == value, "it set")
        assert session(pilot).draft == replace(DRAFT, **{field: value})  # type: ignore[arg-type]  # fields of a draft


async def test_a_batch_of_nothing_is_refused(home: Home) -> None:
    async with options(home) as pilot:
        await change(pilot, Option.BATCH)
        await pilot.press("0", "enter")  # in the place of the number that there was
        await until(pilot, says(pilot, "✗ That is not such a number.", "from 1 to 100,000"), "why")


async def test_undo_is_turned_by_one_key_and_verify_is_chosen(home: Home) -> None:
    async with options(home) as pilot:
        await change(pilot, Option.UNDO)
        await until(pilot, says(pilot, "NOT KEPT: no way back"), "no undo")
        await pilot.press("space")
        await until(pilot, lambda: session(pilot).draft.undo, "undo again")
        await change(pilot, Option.VERIFY)
        await until(pilot, says(pilot, "compare every document's hash"), "the choices")
        await pilot.press("g", "enter")
        await until(pilot, lambda: session(pilot).draft.verify is Verify.NONE, "none")
        await pilot.press("m")
        await until(pilot, says(pilot, "enter takes the policy under the cursor"), "the policies")
        assert len(rows(pilot, "#policies")) == len(Policy)


async def test_a_listing_that_comes_while_an_option_is_typed_is_not_lost(home: Home) -> None:
    async with options(home) as pilot:
        await change(pilot, Option.RATE)
        app = session(pilot)
        app.draft = replace(app.draft, listed=("more", "users"))
        await type_into(pilot, "7")
        await until(pilot, lambda: app.draft.rate_limit == 7, "the rate")
        assert app.draft.listed == ("more", "users")


NEWER = replace(DRAFT, policy=Policy.NEWER)


def test_the_field_to_compare_is_an_option_of_newer_alone() -> None:
    assert values(NEWER)["newer_by"] == "none yet: type its name"
    assert values(replace(NEWER, catalog=WORKSHOP.text))["newer_by"] == "the catalog's field"
    assert values(replace(NEWER, newer_by="meta.at"))["newer_by"] == "meta.at"


async def test_the_field_to_compare_is_typed_and_goes_into_the_plan(home: Home) -> None:
    async with options(home, NEWER) as pilot:
        await change(pilot, Option.NEWER_BY, NEWER)
        question = pilot.app.screen
        await type_into(pilot, "a..b")
        await until(pilot, lambda: pilot.app.screen is not question, "the question again")
        await until(pilot, says(pilot, "no path of a field"), "why")
        await type_into(pilot, "meta.at")
        await until(pilot, lambda: session(pilot).draft.newer_by == "meta.at", "the field")
        assert to_request(session(pilot).draft).newer_by == "meta.at"


async def test_esc_and_coming_back_close_the_options_and_all_policies_are_there(home: Home) -> None:
    async with options(home) as pilot:
        assert len(rows(pilot, "#policies")) == 1
        await pilot.press("escape")
        await until(pilot, says(pilot, "enter takes the policy under the cursor"), "the policies")
        assert session(pilot).draft.step is Step.POLICY
        assert len(rows(pilot, "#policies")) == len(Policy)
        await pilot.press("m", "ctrl+b")
        await until(pilot, lambda: session(pilot).draft.step is Step.COLLECTIONS, "the step before")
        await pilot.press("ctrl+n")
        await until(pilot, says(pilot, "enter takes the policy under the cursor", "goes on with fail"), "the policies")
        assert len(rows(pilot, "#policies")) == len(Policy)
