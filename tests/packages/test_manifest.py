import json
import tracemalloc
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.errors import PackageDamaged, Refused
from tui_migrate.packages.entries import CollectionEntry, DocumentOrder, FileEntry, digest_of
from tui_migrate.packages.limits import CEILING, MANIFEST_PER_ENTRY, MAX_MANIFEST, USUAL, Limits
from tui_migrate.packages.manifest import ChecksumState, Manifest, checksum_of, checksum_state, parse, parse_text
from tui_migrate.packages.members import Member
from tui_migrate.packages.opening import files_at, read_manifest
from tui_migrate.packages.strict_json import canonical
from tui_migrate.stores.base import CollectionKind

from .samples import HEADER, small_package


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return small_package(tmp_path_factory.mktemp("manifest") / "package")


Change = Callable[[dict[str, Any]], object]


def signed(manifest: Manifest, change: Change) -> bytes:
    fields = json.loads(manifest.to_bytes())
    change(fields)
    fields["checksum"] = checksum_of(fields)
    return canonical(fields)


def users(fields: dict[str, Any]) -> Any:
    return fields["collections"][0]


def test_a_manifest_comes_back_the_same(manifest: Manifest) -> None:
    content = manifest.to_bytes()
    assert parse(content, "manifest.json") == manifest
    assert content.isascii()
    assert content.endswith(b"\n")
    assert signed(manifest, lambda fields: None) == content


def test_the_fields_are_those_of_the_format(manifest: Manifest) -> None:
    fields = json.loads(manifest.to_bytes())
    assert fields["format_version"] == 1
    assert fields["source"] == {
        "kind": "mongodb",
        "address": "mongodb://ada:***@db.example:27017/",
        "database": "shop",
        "server_version": "8.2.0",
    }
    assert fields["interval"] == {"from": HEADER.interval[0], "to": HEADER.interval[1]}
    assert users(fields).keys() == {
        "name", "type", "documents", "bytes", "order", "sha256", "digest", "members", "files",
    }  # fmt: skip
    assert [collection["documents"] for collection in fields["collections"]] == [30, 0, 0]
    assert [len(collection["files"]) for collection in fields["collections"]] == [2, 2, 1]


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields.update(more=1),
        lambda fields: fields.pop("operator"),
        lambda fields: fields.update(operator=None),
        lambda fields: fields.update(catalog=1),
        lambda fields: fields.update(created_at="yesterday"),
        lambda fields: fields.update(created_at="2026-01-31T12:00:00"),
        lambda fields: fields.update(created_at="2026-01-31T12:00:00+01:00"),
        lambda fields: fields.update(consistency="sure"),
        lambda fields: fields.update(collections={}),
        lambda fields: fields.update(format_version=0),
        lambda fields: fields.update(format_version=True),
        lambda fields: fields.update(format="something else"),
        lambda fields: fields["source"].update(database=".."),
        lambda fields: fields["source"].update(database="a/b"),
        lambda fields: fields["source"].update(database="other"),
        lambda fields: fields["source"].update(port="x"),
        lambda fields: fields["interval"].update({"from": "x"}),
        lambda fields: fields["collections"].append(users(fields)),
        lambda fields: fields["collections"].append(7),
        lambda fields: users(fields).update(name="other"),
        lambda fields: users(fields).update(name=""),
        lambda fields: users(fields).update(type="table"),
        lambda fields: users(fields).update(type="view"),
        lambda fields: users(fields).update(order="random"),
        lambda fields: users(fields).update(documents=29),
        lambda fields: users(fields).update(documents=-1),
        lambda fields: users(fields).update(documents="30"),
        lambda fields: users(fields).update(bytes=2**63),
        lambda fields: users(fields).update(digest="0" * 64),
        lambda fields: users(fields).update(sha256="A" * 64),
        lambda fields: users(fields).update(sha256="a" * 63),
        lambda fields: users(fields)["members"].reverse(),
        lambda fields: users(fields)["members"].pop(),
        lambda fields: users(fields)["members"][0].update(offset=1),
        lambda fields: users(fields)["members"][0].update(packed=2**40),
        lambda fields: users(fields)["members"][0].update(unpacked=2**40),
        lambda fields: users(fields)["members"][0].update(documents=0),
        lambda fields: users(fields)["members"][0].update(more=0),
        lambda fields: users(fields)["files"].pop(),
        lambda fields: users(fields)["files"].reverse(),
        lambda fields: users(fields)["files"][0].update(size=1),
        lambda fields: users(fields)["files"][0].update(path="shop/../users.bson.gz"),
        lambda fields: users(fields)["files"][0].update(path="/etc/passwd"),
        lambda fields: users(fields)["files"][0].update(path="shop\\users.bson.gz"),
        lambda fields: users(fields)["files"][0].update(path="shop/users.bson.gz\0"),
        lambda fields: users(fields)["files"][0].update(path="shop/Users.bson.gz"),
    ],
)  # fmt: skip
def test_a_manifest_that_breaks_the_format_is_damage_even_when_its_checksum_matches(
    manifest: Manifest, change: Change
) -> None:
    with pytest.raises(PackageDamaged, match=r"manifest\.json"):
        parse(signed(manifest, change), "manifest.json")


def test_names_that_one_file_system_takes_for_one_are_refused(manifest: Manifest) -> None:
    def double(fields: dict[str, Any]) -> None:
        other = json.loads(json.dumps(fields["collections"][1]).replace("empty", "Empty"))
        fields["collections"].append(other)

    with pytest.raises(PackageDamaged, match="upper and lower case apart"):
        parse(signed(manifest, double), "manifest.json")


def test_a_newer_format_is_refused_by_name_whatever_else_it_holds(manifest: Manifest) -> None:
    content = canonical({"format": "tui-migrate package", "format_version": 2, "news": []})
    with pytest.raises(Refused, match="newer version") as refusal:
        parse(content, "manifest.json")
    assert not isinstance(refusal.value, PackageDamaged)
    assert "install a newer one" in refusal.value.hint


def test_absent_matching_and_mismatching_are_three_states(manifest: Manifest) -> None:
    fields = json.loads(manifest.to_bytes())
    assert checksum_state(fields) is ChecksumState.MATCHING
    changed = {**fields, "operator": "eve"}
    assert checksum_state(changed) is ChecksumState.MISMATCHING
    upper = {**fields, "checksum": fields["checksum"].upper()}
    assert checksum_state(upper) is ChecksumState.MISMATCHING
    del fields["checksum"]
    assert checksum_state(fields) is ChecksumState.ABSENT
    with pytest.raises(PackageDamaged, match="does not match"):
        parse(canonical(changed), "manifest.json")
    with pytest.raises(PackageDamaged, match="missing"):
        parse(canonical(fields), "manifest.json")


@pytest.mark.rule(24, "the manifest equals its own canonical bytes")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\\u00dc", b"\\u00DC"),
        (b"\\u202e", b"\\u202E"),
        (b'"operator": "ada"', b'"operator":  "ada"'),
        (b'"operator": "ada"', b'"operator": "\\u0061da"'),
        (b'"operator": "ada"', b'"operator": "eve", "operator": "ada"'),
        (b'"documents": 30', b'"documents": 30.0'),
        (b'"documents": 30', b'"documents": 3e1'),
        (b'"documents": 30', b'"documents": NaN'),
        (b'"documents": 30', b'"documents": ' + b"3" * 5000),
        (b"\\u00dc", "Ü".encode()),
        (b"\n}\n", b"\n}\n\n"),
        (b"\n}\n", b"\n}"),
        (b"{", b"["),
        (b"{", b"{" * 100_000),
    ],
)
def test_a_file_that_says_the_same_in_other_bytes_is_damage(manifest: Manifest, old: bytes, new: bytes) -> None:
    content = manifest.to_bytes()
    assert old in content
    with pytest.raises(PackageDamaged, match=r"manifest\.json"):
        parse(content.replace(old, new, 1), "manifest.json")


@settings(derandomize=True, deadline=None)
@given(st.data())
def test_no_flipped_bit_goes_unseen(manifest: Manifest, data: st.DataObject) -> None:
    content = bytearray(manifest.to_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Refused):
        parse(bytes(content), "manifest.json")


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_anything_else_is_refused_and_nothing_worse(content: bytes) -> None:
    with pytest.raises(PackageDamaged):
        parse(content, "manifest.json")


def test_a_message_never_carries_control_characters(manifest: Manifest) -> None:
    with pytest.raises(PackageDamaged) as damage:
        parse(signed(manifest, lambda fields: fields.update({"\x1b[2J": 1})), str(Path("\x1b[1m") / "manifest.json"))
    assert "\x1b" not in damage.value.message


def of_members(count: int) -> bytes:
    """A manifest of a collection of so many batches, each with numbers as large ones have them."""
    sizes = [400_000 + number % 1_000 for number in range(count)]
    offsets = accumulate(sizes, initial=0)
    members = [
        Member(offset, size, 1_900_000, 1_000, f"{offset:064x}") for offset, size in zip(offsets, sizes, strict=False)
    ]
    files = (
        FileEntry("shop/users.bson.gz", sum(sizes), "0" * 64),
        FileEntry("shop/users.metadata.json.gz", 10, "0" * 64),
    )
    entry = CollectionEntry(
        "users",
        CollectionKind.PLAIN,
        1_000 * count,
        1_900_000 * count,
        DocumentOrder.ID,
        "0" * 64,
        digest_of(members),
        tuple(members),
        files,
    )
    return Manifest(HEADER, (entry,)).to_bytes()


@pytest.mark.slow
def test_what_reading_a_manifest_takes_follows_its_size() -> None:
    text = of_members(5_000).decode()
    assert len(text) < 200 * 5_000
    tracemalloc.start()
    try:
        manifest = parse_text(text, "here")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(manifest.collections[0].members) == 5_000
    # Beside the text itself; with it, the largest manifest that is read by default takes less than 150 MB.
    assert peak < 3 * len(text)
    assert (3 + 1) * USUAL.manifest < 150_000_000


def test_the_largest_manifest_that_is_read_follows_the_entries(tmp_path: Path) -> None:
    small_package(tmp_path / "package")
    place = tmp_path / "package"
    size = (place / "manifest.json").stat().st_size
    enough = size // MANIFEST_PER_ENTRY + 1
    assert read_manifest(files_at(place, Limits(entries=enough))).database == "shop"
    with pytest.raises(PackageDamaged, match=r"manifest\.json is larger than") as told:
        read_manifest(files_at(place, Limits(entries=enough - 1)))
    assert "--max-entries" in told.value.hint
    assert CEILING.manifest == MAX_MANIFEST


@pytest.mark.parametrize("content", [b"[" + b"0," * 10_000_000 + b"0]", b"[[{}]" * 1_000_000])
def test_a_manifest_of_more_values_than_it_can_have_is_not_read(content: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(PackageDamaged, match="more values than a manifest of its size"):
            parse(content, "here")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
