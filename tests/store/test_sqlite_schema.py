"""Forward by numbered scripts, backward never."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from changeover.core.errors import StoreSchemaError
from changeover.store.sqlite.connection import split_script
from changeover.store.sqlite.statements import MIGRATIONS

OURS = sorted(file.name for file in MIGRATIONS.iterdir())


@pytest.fixture
def migrations(folder):
    """A folder of scripts that a test may add to: ours, to begin with."""
    copy = folder / "migrations"
    shutil.copytree(str(MIGRATIONS), copy)
    return copy


def add(migrations, number, script):
    (migrations / f"{number:04}_more.sql").write_text(script)


def test_a_file_of_an_earlier_version_is_brought_forward_with_all_it_holds(
    open_file, migrations, batch, total, raw
):
    old = open_file()
    old.telemetry.append(batch(4))
    old.close()
    add(migrations, len(OURS) + 1, "-- a column\nALTER TABLE flips ADD COLUMN note TEXT;\n")
    add(
        migrations,
        len(OURS) + 2,
        "CREATE TABLE seen (id INTEGER);\n"
        "CREATE TRIGGER t AFTER INSERT ON flips BEGIN\n"
        "  INSERT INTO seen VALUES (new.id); SELECT 1;\nEND;\n"
        "UPDATE flips SET note = 'a;b' -- the end\n",
    )
    new = open_file(migrations=migrations)
    assert total(new.telemetry) == 4
    assert raw(old.path, "PRAGMA user_version") == [(len(OURS) + 2,)]
    assert raw(old.path, "SELECT note FROM flips") == []


def test_a_script_that_fails_changes_nothing(open_file, migrations, raw, batch, total):
    old = open_file()
    old.telemetry.append(batch(4))
    add(migrations, len(OURS) + 1, "CREATE TABLE one (id);\nCREATE TABLE one (id);\n")
    broken = open_file(migrations=migrations)
    assert "already exists" in broken.telemetry.check().detail
    assert raw(old.path, "PRAGMA user_version") == [(len(OURS),)]
    assert raw(old.path, "SELECT count(*) FROM sqlite_master WHERE name = 'one'") == [(0,)]
    assert total(old.telemetry) == 4


def test_a_newer_file_is_refused_with_both_versions_and_what_to_do(open_file, raw, batch):
    stores = open_file()
    stores.telemetry.append(batch())
    stores.close()
    raw(stores.path, "PRAGMA user_version = 99")
    content = stores.path.read_bytes()
    with pytest.raises(StoreSchemaError) as caught:
        open_file()
    message = str(caught.value)
    for part in (str(stores.path), "99", str(len(OURS)), "install the newer version"):
        assert part in message
    assert stores.path.read_bytes() == content


def test_another_programs_file_is_refused_and_left_alone(open_file, raw, folder):
    path = folder / "store.db"
    raw(path, "CREATE TABLE customers (name TEXT)")
    content = path.read_bytes()
    with pytest.raises(StoreSchemaError, match="another program's"):
        open_file()
    assert path.read_bytes() == content
    assert [p.name for p in folder.iterdir()] == ["store.db"]


def test_gaps_between_the_numbers_are_noticed(open_file, migrations):
    add(migrations, len(OURS) + 2, "SELECT 1;")
    with pytest.raises(StoreSchemaError, match="without gaps"):
        open_file(migrations=migrations)


def test_the_space_that_is_freed_can_be_given_back(stores, raw):
    assert raw(stores.path, "PRAGMA auto_vacuum") == [(2,)]


def test_a_script_is_split_at_its_statements_only():
    script = "-- a; b\nSELECT ';';\n\nCREATE TRIGGER x AFTER DELETE ON y BEGIN\n SELECT 1;\nEND;\n"
    parts = list(split_script(script + "SELECT 2 -- unfinished"))
    assert "".join(parts) == script + "SELECT 2 -- unfinished"
    assert [part.split()[-1] for part in parts] == ["';';", "END;", "unfinished"]


def test_the_scripts_are_packaged_and_numbered():
    assert OURS[0].startswith("0001_")
    assert Path(str(MIGRATIONS)).name == "migrations"
