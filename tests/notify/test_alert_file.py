from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.errors import ChannelError
from changeover.core.model import Event
from changeover.notify.alert_file import AlertFile, encode

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")


def lines(path):
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


async def test_each_alert_is_one_json_object_with_the_fields_of_the_reference(tmp_path, tell):
    path = tmp_path / "logs" / "alerts.log"
    channel = AlertFile(path)
    await channel.send(tell(labels={"command": "add"}))
    await channel.send(tell(Event.RESOLVED))
    first, second = lines(path)
    assert first["timestamp"] == "2026-01-01T00:00:00.000Z"
    assert first["type"] == "error_rate"
    assert first["severity"] == "warning"
    assert "4.2 %" in first["message"]
    assert (first["value"], first["threshold"], first["unit"]) == (0.042, 0.01, "ratio")
    assert (first["event"], first["key"]) == ("firing", "error_rate")
    assert (first["dedup_key"], first["labels"]) == ("error_rate#3", {"command": "add"})
    assert second["event"] == "resolved"


@posix
async def test_a_new_file_is_its_owners_only(tmp_path, tell):
    path = tmp_path / "alerts.log"
    await AlertFile(path).send(tell())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@given(
    text=st.text(),
    labels=st.dictionaries(st.text() | st.sampled_from(["timestamp", "severity"]), st.text()),
    value=st.none() | st.floats(),
)
def test_whatever_the_texts_are_it_is_one_line_of_ascii_and_no_field_is_replaced(
    tell, text, labels, value
):
    data = encode(tell(summary=text, labels=labels, value=value, rule=text))
    assert data.endswith(b"\n")
    assert all(32 <= byte < 127 for byte in data[:-1])
    fields = json.loads(data, parse_constant=pytest.fail)
    assert fields["timestamp"] == "2026-01-01T00:00:00.000Z"
    assert fields["severity"] == "warning"
    assert fields["labels"].keys() == labels.keys()


def test_secrets_are_not_written(tell):
    secret = "https://discord.com/api/webhooks/123456789012345678/s3cret"
    data = encode(tell(summary=secret, labels={"command": secret}, instance=secret))
    assert b"s3cret" not in data


async def test_it_rotates_by_size_and_keeps_so_many(tmp_path, tell):
    path = tmp_path / "alerts.log"
    channel = AlertFile(path, max_bytes=len(encode(tell())) * 2, backups=3)
    for number in range(20):
        await channel.send(tell(value=number / 1000))
    names = sorted(entry.name for entry in tmp_path.iterdir())
    assert names == ["alerts.log", "alerts.log.1", "alerts.log.2", "alerts.log.3"]
    kept = [line["value"] for name in reversed(names) for line in lines(tmp_path / name)]
    assert kept == sorted(kept)
    assert kept[-1] == 0.019
    assert all((tmp_path / name).stat().st_size <= len(encode(tell())) * 2 for name in names)


async def test_by_default_it_rotates_at_ten_mebibytes_and_keeps_five(tmp_path, tell):
    path = tmp_path / "alerts.log"
    channel = AlertFile(path)
    for _ in range(7):
        await channel.send(tell())
        os.truncate(path, 10 << 20)  # full to the last byte
    await channel.send(tell())
    names = sorted(entry.name for entry in tmp_path.iterdir())
    assert names == ["alerts.log", *(f"alerts.log.{number}" for number in range(1, 6))]
    assert path.stat().st_size == len(encode(tell()))


async def test_without_backups_the_file_begins_anew(tmp_path, tell):
    path = tmp_path / "alerts.log"
    channel = AlertFile(path, max_bytes=10, backups=0)
    for _ in range(3):
        await channel.send(tell())
    assert len(lines(path)) == 1
    assert list(tmp_path.iterdir()) == [path]


async def test_it_survives_logrotate_and_deletion(tmp_path, tell):
    path = tmp_path / "alerts.log"
    channel = AlertFile(path)
    await channel.send(tell())
    path.rename(tmp_path / "moved")
    await channel.send(tell(Event.REMINDER))
    path.unlink()
    await channel.send(tell(Event.RESOLVED))
    assert [line["event"] for line in lines(path)] == ["resolved"]
    assert len(lines(tmp_path / "moved")) == 1


async def test_it_survives_copytruncate(tmp_path, tell):
    path = tmp_path / "alerts.log"
    channel = AlertFile(path)
    await channel.send(tell())
    os.truncate(path, 0)
    await channel.send(tell(Event.RESOLVED))
    assert [line["event"] for line in lines(path)] == ["resolved"]


async def test_a_disk_that_does_not_take_it_is_a_channel_error(tmp_path, tell):
    with pytest.raises(ChannelError, match=r"a folder"):
        await AlertFile(_folder(tmp_path / "a folder")).send(tell())
    (tmp_path / "file").write_text("")
    with pytest.raises(ChannelError) as told:
        await AlertFile(tmp_path / "file" / "alerts.log").send(tell())
    assert not told.value.permanent


def _folder(path):
    path.mkdir()
    return path


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
async def test_a_full_disk_is_a_channel_error(tell):
    with pytest.raises(ChannelError, match="No space left"):
        await AlertFile(Path("/dev/full")).send(tell())


@posix
async def test_a_partly_written_line_is_taken_back(tmp_path, tell):
    resource = pytest.importorskip("resource")
    path = tmp_path / "alerts.log"
    channel = AlertFile(path)
    await channel.send(tell())
    size = path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, limits[1]))
    try:
        with pytest.raises(ChannelError, match="only 20 of"):
            await channel.send(tell())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    await channel.send(tell(Event.RESOLVED))
    assert [line["event"] for line in lines(path)] == ["firing", "resolved"]


@posix
async def test_a_disk_that_hangs_takes_one_thread_and_no_more(tmp_path, tell):
    path = tmp_path / "alerts.log"
    os.mkfifo(path)  # opening it waits for a reader
    channel = AlertFile(path)
    before = threading.active_count()
    sends = [asyncio.create_task(channel.send(tell())) for _ in range(5)]
    refused = set()
    while len(refused) < 4:
        done, _ = await asyncio.wait(
            set(sends) - refused, timeout=10, return_when=asyncio.FIRST_COMPLETED
        )
        assert done
        refused |= done
    assert threading.active_count() <= before + 5
    assert all("still being written" in str(one.exception()) for one in refused)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    await asyncio.gather(*(set(sends) - refused))
    os.close(reader)


async def test_several_writers_never_mix_their_lines(tmp_path, tell):
    path = tmp_path / "alerts.log"
    await asyncio.gather(*(AlertFile(path).send(tell(value=n / 100)) for n in range(40)))
    assert sorted(line["value"] for line in lines(path)) == [n / 100 for n in range(40)]
