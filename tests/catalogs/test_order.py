from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tui_migrate.catalogs.model import Catalog, CatalogCollection, Reference
from tui_migrate.catalogs.order import cycles, import_order

NAMES = [f"c{number}" for number in range(8)]
pairs = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=14)


def catalog(
    references: list[tuple[str, str]], orders: dict[str, int] | None = None, names: list[str] = NAMES
) -> Catalog:
    """`references` are pairs of a child and its parent."""
    return Catalog(
        "x",
        "X",
        "1",
        tuple(
            CatalogCollection(
                name,
                order=(orders or {}).get(name, 0),
                references=tuple(
                    Reference(f"f{number}", to) for number, (child, to) in enumerate(references) if child == name
                ),
            )
            for name in names
        ),
    )


def reachable(references: list[tuple[str, str]], start: str) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        here = todo.pop()
        further = {parent for child, parent in references if child == here} - found
        found |= further
        todo += further
    return found


@given(pairs, st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3)), st.sets(st.sampled_from(NAMES)))
def test_parents_come_first_unless_both_are_in_a_circle(
    references: list[tuple[str, str]], orders: dict[str, int], chosen: set[str]
) -> None:
    made = import_order(catalog(references, orders), chosen)
    assert sorted(made.names) == sorted(chosen)
    among = [(child, parent) for child, parent in references if {child, parent} <= chosen and child != parent]
    for child, parent in among:
        if child not in reachable(among, parent):
            assert made.names.index(parent) < made.names.index(child)
    in_circles = {name for name in chosen if name in reachable(among, name)}
    assert {name for group in made.cycles for name in group} == in_circles
    for group in made.cycles:
        first = group[0]
        both_ways = {one for one in in_circles if one in reachable(among, first) and first in reachable(among, one)}
        assert set(group) == both_ways
        assert list(group) == sorted(group, key=lambda name: (orders.get(name, 0), name))
        place = made.names.index(group[0])
        assert made.names[place : place + len(group)] == group


@given(pairs, st.permutations(NAMES))
def test_the_order_does_not_depend_on_how_names_are_given(
    references: list[tuple[str, str]], shuffled: list[str]
) -> None:
    assert import_order(catalog(references), shuffled) == import_order(catalog(references), NAMES)


@given(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3)))
def test_order_and_name_decide_where_references_do_not(orders: dict[str, int]) -> None:
    made = import_order(catalog([], orders), NAMES)
    assert list(made.names) == sorted(NAMES, key=lambda name: (orders.get(name, 0), name))


def test_what_the_catalog_does_not_know_comes_last() -> None:
    known = catalog([("c1", "c0")], {"c0": 9, "c1": 0}, ["c0", "c1"])
    assert import_order(known, ["a", "c1", "b", "c0"]).names == ("c0", "c1", "a", "b")


def test_a_parent_that_is_not_taken_along_holds_nothing_up() -> None:
    assert import_order(catalog([("c1", "c0")]), ["c1", "c2"]).names == ("c1", "c2")


def test_a_collection_that_refers_to_itself_is_no_cycle() -> None:
    assert cycles(catalog([("c1", "c1")]), NAMES) == ()
    assert cycles(catalog([("c1", "c2"), ("c2", "c3"), ("c3", "c1"), ("c4", "c1")]), NAMES) == (("c1", "c2", "c3"),)


def test_a_long_chain_takes_no_deep_stack() -> None:
    names = [f"n{number:04}" for number in range(1_000)]
    made = import_order(catalog(list(pairwise(names)), None, names), names)
    assert made.names == tuple(reversed(names))
