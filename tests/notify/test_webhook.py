from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.errors import BadValueError
from changeover.core.model import Event
from changeover.core.values import Secret
from changeover.notify.alert_file import encode as encode_line
from changeover.notify.message import message_key
from changeover.notify.webhook import Webhook, encode, sign

SECRET = Secret("a-secret-of-32-characters-or-more")
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "alerts.md"


def test_the_body_has_the_fields_of_the_file_and_four_more(tell):
    body = json.loads(encode(tell(), "k"))
    line = json.loads(encode_line(tell()))
    assert body == {"schema": 1, "id": "k", "title": "Warning: error rate", **line}


def test_every_field_is_documented(tell):
    page = REFERENCE.read_text("utf-8")
    documented = {
        name
        for row in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", page, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert set(json.loads(encode(tell(), "k"))) <= documented


@given(data=st.binary(), at_s=st.integers(0, 2**40))
def test_a_receiver_can_check_the_signature_with_what_it_has(data, at_s):
    fields = dict(part.split("=") for part in sign(data, SECRET, at_s).split(","))
    signed = fields["t"].encode() + b"." + data
    wanted = hmac.new(SECRET.reveal().encode(), signed, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(fields["v1"], wanted)
    assert sign(data + b"x", SECRET, at_s) != sign(data, SECRET, at_s)
    assert sign(data, SECRET, at_s + 1) != sign(data, SECRET, at_s)


def test_the_key_is_the_same_for_every_attempt_and_another_for_every_message(tell):
    told = [tell(event) for event in Event]
    told += [replace(told[0], at_ns=1), replace(tell(), dedup_key="error_rate#4")]
    assert len({message_key(one) for one in told}) == len(told)
    assert message_key(tell()) == message_key(tell())
    assert re.fullmatch(r"[0-9a-f]{32}", message_key(tell()))


@pytest.mark.parametrize(
    "url", ["ftp://x/", "sesame", "https://", "http://x:99999/", "http://x y/"]
)
def test_what_is_no_address_is_refused_without_being_told(url):
    with pytest.raises(BadValueError, match=r"ALERT_WEBHOOK_URL=\(hidden\)"):
        Webhook(Secret(url))
