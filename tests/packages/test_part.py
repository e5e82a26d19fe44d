import json
from dataclasses import replace

import pytest

from tests.packages.samples import HEADER
from tui_migrate.errors import PackageDamaged
from tui_migrate.packages.manifest import Manifest, checksum_of, parse
from tui_migrate.packages.part import Part, PartFilter, PartRename
from tui_migrate.packages.strict_json import canonical

PART = Part((PartFilter("users", '{"a": 1}'),), '"ann"', redacted=True, renames=(PartRename("a", "b"),))


def test_a_manifest_says_how_a_package_is_a_part_and_is_read_again() -> None:
    manifest = Manifest(replace(HEADER, part=PART), ())
    assert parse(manifest.to_bytes(), "manifest.json") == manifest


def test_a_whole_copy_has_no_such_entry() -> None:
    content = Manifest(HEADER, ()).to_bytes()
    assert "part" not in json.loads(content)
    assert parse(content, "manifest.json").header.part is None


@pytest.mark.parametrize(
    "part",
    [
        None,
        {},
        {"filters": [], "owner": "", "redacted": 1, "renames": []},
        {"filters": [{"collection": "a"}], "owner": "", "redacted": True, "renames": []},
        {"filters": [], "owner": None, "redacted": True, "renames": []},
        {"filters": [], "owner": "", "redacted": True, "renames": [], "more": 1},
    ],
)
def test_another_entry_is_damage(part: object) -> None:
    fields = json.loads(Manifest(HEADER, ()).to_bytes())
    fields["part"] = part
    fields["checksum"] = checksum_of(fields)
    with pytest.raises(PackageDamaged, match="part"):
        parse(canonical(fields), "manifest.json")
