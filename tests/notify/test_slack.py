from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.core.errors import BadValueError
from changeover.core.model import Event
from changeover.core.values import Secret
from changeover.notify.slack import SlackWebhook, blocks_body, escape, text_body

TEXTS = st.text(max_size=40) | st.text(alphabet="<>&!@#*_~`|\u202e ", max_size=40)
LONG = st.builds(lambda text, times: text * times, TEXTS, st.sampled_from([1, 30, 300]))


def texts(block):
    """Every text object of a block."""
    yield from (block[name] for name in ("text",) if name in block)
    yield from block.get("fields", [])
    yield from block.get("elements", [])


@given(
    event=st.sampled_from(Event), rule=LONG, summary=LONG, instance=LONG,
    labels=st.dictionaries(TEXTS, TEXTS, max_size=30), label=LONG, also=st.lists(TEXTS, max_size=30),
)  # fmt: skip
@settings(deadline=None, max_examples=50)  # the machine may be busy
def test_every_limit_of_slack_is_kept(tell, event, rule, summary, instance, labels, label, also):
    told = tell(event, rule=rule, summary=summary, instance=instance, labels=labels)
    told = replace(told, also=(label, *also))
    body = blocks_body(told)
    blocks = body["attachments"][0]["blocks"]
    assert len(blocks) <= 50
    assert 0 < len(blocks[0]["text"]["text"]) <= 150
    for block in blocks:
        assert len(block.get("fields", [])) <= 10
        for text in block.get("fields", []):
            assert len(text["text"]) <= 2000
        for text in texts(block):
            assert 0 < len(text["text"]) <= 3000
    assert 0 < len(body["text"]) <= 4000
    assert 0 < len(text_body(told)["text"]) <= 4000
    json.dumps(body).encode()


@given(text=TEXTS)
def test_no_text_holds_a_mention_or_a_link(text):
    shown = escape(text)
    assert not set(shown) & {"<", ">"}
    assert all(part.startswith(("amp;", "lt;", "gt;")) for part in shown.split("&")[1:])


def test_only_the_page_and_a_runbook_are_links(tell):
    told = tell(summary="<https://evil.example|x> <!channel>", runbook="https://run.example/a_b")
    body = json.dumps(blocks_body(told))
    assert body.count("<http") == 2
    assert "<https://run.example/a_b|Runbook>" in body
    assert "<!channel>" not in body


@pytest.mark.parametrize(
    "runbook", ["https://x|y>", "javascript:alert(1)", "see the wiki", "https://a b"]
)
def test_a_runbook_that_is_no_address_is_text(tell, runbook):
    assert json.dumps(blocks_body(tell(runbook=runbook))).count("|Runbook>") == 0


def test_colours_tell_severity_and_end(tell):
    events = [tell(), tell(severity="critical"), tell(Event.RESOLVED), tell(Event.TEST)]
    assert len({blocks_body(one)["attachments"][0]["color"] for one in events}) == 4


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/T0/B0/sesame",
        "https://hooks.slack.com.evil.example/services/T0/B0/sesame",
        "https://hooks.slack.com/workflows/T0/sesame",
        "https://127.0.0.1/services/T0/B0/sesame",
    ],
)
def test_other_addresses_are_refused_without_being_told(url):
    with pytest.raises(BadValueError, match=r"ALERT_SLACK_WEBHOOK_URL=\(hidden\)") as error:
        SlackWebhook(Secret(url))
    assert "sesame" not in str(error.value)
