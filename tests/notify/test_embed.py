"""What goes into an embed, whatever the texts are."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.model import Event
from changeover.notify.discord import retry_after_s
from changeover.notify.embed import embed_body, escape, plain_body

TEXTS = st.text(max_size=40) | st.text(alphabet="*_`~|<@&>[]()#:\\-\u202e\U0001f600 ", max_size=40)
LONG = st.builds(lambda text, times: text * times, TEXTS, st.sampled_from([1, 30, 300]))


def units(text):
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(
    event=st.sampled_from(Event),
    rule=LONG,
    summary=LONG,
    instance=LONG,
    labels=st.dictionaries(TEXTS, TEXTS, max_size=30),
    label=LONG,
)
def test_every_limit_of_discord_is_kept(tell, event, rule, summary, instance, labels, label):
    labels = {"command": label, label: label, **labels}
    told = tell(event, rule=rule, summary=summary, instance=instance, labels=labels)
    body = embed_body(told)
    (embed,) = body["embeds"]
    assert units(embed["title"]) <= 256
    assert units(embed["description"]) <= 4096
    assert len(embed["fields"]) <= 25
    total = units(embed["title"]) + units(embed["description"])
    for field in embed["fields"]:
        assert 0 < units(field["name"]) <= 256
        assert 0 < units(field["value"]) <= 1024
        assert field["name"] == field["name"].strip()
        assert field["value"] == field["value"].strip()
        total += units(field["name"]) + units(field["value"])
    assert total <= 6000
    assert 0 < units(plain_body(told)["content"]) <= 2000
    json.dumps(body).encode("utf-8")


@given(text=TEXTS)
def test_what_is_escaped_holds_no_live_markdown(text):
    live = re.sub(r"\\[^0-9A-Za-z\s]", "", escape(text))
    live = re.sub(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt])", "", live)
    assert not set(live) & set("*_`~|<>[]()#@:")


@pytest.mark.parametrize(
    "text",
    ["@everyone", "<@123456>", "[click](https://evil.example)", "https://evil.example", "# big"],
)
def test_mentions_links_and_headlines_are_shown_as_text(tell, text):
    shown = embed_body(tell(summary=text))["embeds"][0]["description"]
    assert shown != text
    assert shown.replace("\\", "") == text


def test_invisible_characters_are_shown_as_escapes(tell):
    body = json.dumps(embed_body(tell(labels={"command": "a\u202eb\x1b[31m"})))
    assert "\\u202e" not in body.replace("\\\\u202e", "")
    assert "\\u001b" not in body


def test_head_and_tail_of_a_long_text_are_kept(tell):
    shown = embed_body(tell(summary="begin " + "x" * 9000 + " end"))["embeds"][0]
    assert shown["description"].startswith("begin")
    assert shown["description"].endswith("end")
    assert len(shown["description"]) > 3900


def test_a_text_of_wide_characters_fits_and_keeps_most_of_what_may_stay(tell):
    shown = embed_body(tell(summary="\U0001f600" * 9000))["embeds"][0]["description"]
    assert 3000 < units(shown) <= 4096


def test_without_a_link_there_is_no_page_field(tell):
    fields = embed_body(tell(link=None))["embeds"][0]["fields"]
    assert "Page" not in {field["name"] for field in fields}


@given(body=st.text() | st.binary().map(repr), header=st.text())
def test_no_answer_breaks_the_reading_of_a_429(body, header):
    wait_s = retry_after_s({"Retry-After": header}, body)
    assert wait_s is None or wait_s >= 0
