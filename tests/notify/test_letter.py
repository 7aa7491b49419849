from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changeover.core.errors import BadValueError
from changeover.core.model import Event
from changeover.notify.email import EmailChannel, MailServer
from changeover.notify.letter import html, letter

HEADERS = {
    "Subject", "From", "To", "Date", "Auto-Submitted", "Message-ID", "MIME-Version", "Content-Type",
}  # fmt: skip
NASTY = st.text() | st.sampled_from(
    ["a\r\nBcc: x@evil.example", "\n\nbody", "<script>", "ä€\U0001f600"]
)


def sent(told):
    """The letter as a mail program reads it."""
    message = letter(told, sender="bot@example.com", recipients=["ops@example.com", "b@c.d"])
    return message_from_bytes(message.as_bytes(), policy=default)


@given(text=NASTY, times=st.sampled_from([1, 100]))
@settings(deadline=None)  # the machine may be busy
def test_no_text_becomes_a_header_or_a_recipient(tell, text, times):
    text *= times
    told = tell(summary=text, rule=text, labels={text: text}, instance=text, runbook=text)
    message = sent(told)
    assert set(message.keys()) == HEADERS
    assert message["To"] == "ops@example.com, b@c.d"
    assert len(message["Subject"]) <= 200
    message.get_body(["plain"]).get_content()


def test_a_subject_beyond_ascii_is_encoded_and_read_back(tell):
    message = letter(tell(summary="Überlänge 4 €"), sender="bot@example.com", recipients=["a@b.c"])
    head = message.as_bytes().partition(b"\r\n\r\n")[0]
    assert b"=?utf-8?" in head
    assert head.isascii()
    assert "Überlänge 4 €" in sent(tell(summary="Überlänge 4 €"))["Subject"]


def test_everything_after_the_firing_answers_the_firing(tell):
    first = sent(tell())
    ids = {first["Message-ID"]}
    for event in (Event.ESCALATED, Event.REMINDER, Event.ACKNOWLEDGED, Event.RESOLVED):
        message = sent(tell(event))
        assert message["In-Reply-To"] == message["References"] == first["Message-ID"]
        ids.add(message["Message-ID"])
    assert len(ids) == 5
    assert first["Message-ID"].endswith("@example.com>")


def test_what_is_sent_twice_has_one_id_and_another_firing_another(tell):
    assert sent(tell())["Message-ID"] == sent(tell())["Message-ID"]
    other = replace(tell(), dedup_key="error_rate#4")
    assert sent(other)["Message-ID"] != sent(tell())["Message-ID"]


def test_an_alert_that_nobody_was_told_of_answers_nothing(tell):
    assert sent(tell(Event.RESOLVED, late=True))["In-Reply-To"] is None
    assert sent(tell(Event.TEST))["In-Reply-To"] is None


class Seen(HTMLParser):
    """Tags and addresses of a page."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.links = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]
        assert not any(name.startswith("on") for name, _ in attributes)


@given(text=NASTY | st.sampled_from(['"><img src=x onerror=y>', "$title", "${rows}", "</table>"]))
def test_no_text_becomes_a_tag_and_only_the_page_is_linked_to(tell, text):
    told = tell(summary=text, rule=text, labels={text: text}, instance=text, runbook=text)
    told = replace(told, also=(text,))
    seen = Seen(html(told))
    assert seen.tags <= {
        "html", "head", "meta", "title", "body", "div", "h1", "p", "table", "tr", "th", "td",
        "strong", "ul", "li", "a",
    }  # fmt: skip
    assert seen.links == ["http://127.0.0.1:3001/"]


@pytest.mark.parametrize(
    "box", ["a@b.c\r\nBcc: x@y.z", "Ops <a@b.c>", "a b@c.d", "", "a@b@c", "ü@b.c"]
)
def test_what_is_no_plain_address_is_refused(box):
    server = MailServer(host="mail.example.com")
    with pytest.raises(BadValueError, match="ALERT_EMAIL_FROM"):
        EmailChannel(server, sender=box, recipients=["ops@example.com"])
    with pytest.raises(BadValueError, match="ALERT_EMAIL_TO"):
        EmailChannel(server, sender="bot@example.com", recipients=[box])
