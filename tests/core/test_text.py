import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from changeover.core.text import (
    UNNAMED,
    clean_name,
    describe_error,
    fingerprint,
    redact,
    shorten,
)

DISCORD = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB"
anything = st.text(st.characters(), max_size=200)


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no text for you")


# --- names ------------------------------------------------------------------------------------


@given(anything, st.integers(1, 120))
def test_a_clean_name_can_be_stored_shown_and_is_never_empty_or_too_long(text, limit):
    name = clean_name(text, limit)
    name.encode("utf-8")
    assert name == UNNAMED or 0 < len(name) <= limit
    assert name == name.strip()
    assert clean_name(name) == name[:100]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("grp  sub\t\n x", "grp sub x"),
        ("a\x00\x1b[31mb", "a[31mb"),
        ("a\u202eb\u200bc\ufeff", "abc"),
        ("\ud800", UNNAMED),
        ("", UNNAMED),
        (" \u200b ", UNNAMED),
        (None, "None"),
        (UnprintableError(), UNNAMED),
        ("constructor", "constructor"),
        ("__proto__", "__proto__"),
        ("naïve 日本", "naïve 日本"),
        ("x" * 1_000_000, "x" * 100),
    ],
)
def test_names_lose_what_is_invisible_and_keep_the_rest(raw, name):
    assert clean_name(raw) == name


# --- secrets ----------------------------------------------------------------------------------

SECRETS = {
    "hunter2": [
        "password=hunter2",
        "PASSWORD = 'hunter2'",
        '{"db_password": "hunter2", "a": 1}',
        r"{\"secret\":\"hunter2\",\"a\":1}",
        "client_secret: hunter2; next",
        "https://x.example/?api_key=hunter2&b=1",
        "apiKey='hunter2'",
        "token=hunter2)",
        "postgres://bot:hunter2@db.example:5432/bot",
        "redis://:hunter2/x@cache",
        "amqp://u:p@hunter2@host/vhost",
        "Authorization: hunter2",
        "Authorization: Bearer hunter2",
        "bearer hunter2",
        'password="a\\"hunter2"',
    ],
    DISCORD: [DISCORD, f"Bot {DISCORD}", f"improper token {DISCORD}!", f"'{DISCORD}'"],
    "abcDEF-123_ghi": [
        "https://discord.com/api/webhooks/123456789012345678/abcDEF-123_ghi",
        "https://canary.discord.com/api/v10/webhooks/123456789012345678/abcDEF-123_ghi?wait=true",
        "https://discordapp.com/api/webhooks/1/abcDEF-123_ghi",
        "/interactions/123456789012345678/abcDEF-123_ghi/callback",
        "https://hooks.slack.com/services/T0/B0/abcDEF-123_ghi",
    ],
    "dXNlcjpwYXNz": ["Basic dXNlcjpwYXNz", "authorization: Basic dXNlcjpwYXNz"],
    "eyJzdWIiOiIx": ["eyJhbGciOiJI.eyJzdWIiOiIx.abc-_", "jwt eyJhbGciOiJI.eyJzdWIiOiIx"],
    "AKIAABCDEFGHIJKLMNOP": ["AKIAABCDEFGHIJKLMNOP"],
    "0123abcdefghijklmnop": [
        "ghp_0123abcdefghijklmnopqrstuvwxyz0123",
        "github_pat_0123abcdefghijklmnop_x",
        "xoxb-0123abcdefghijklmnop",
        "sk_live_0123abcdefghijklmnop",
    ],
    "MIIEvQIBADANBg": ["-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END"],
}
EXAMPLES = [(secret, text) for secret, texts in SECRETS.items() for text in texts]


@pytest.mark.parametrize(("secret", "text"), EXAMPLES)
def test_no_secret_survives(secret, text):
    told = redact(f"could not send ({text}) for user 5")
    assert secret not in told
    assert told.startswith("could not send (")
    assert redact(told) == told


@pytest.mark.parametrize(
    "text",
    [
        "Basic usage of the command",
        "Bot started in 3 guilds",
        "http://localhost:8080/user@example",
        "Command raised an exception: KeyError: 'colour'",
        "123456789012345678 is not a member",
        "https://discord.com/channels/123456789012345678/1",
    ],
)
def test_what_is_no_secret_stays_readable(text):
    assert redact(text) == text


def test_a_huge_message_is_cut_where_no_word_is_split():
    text = "a " * 4_090 + DISCORD + " b" * 50_000 + f" {DISCORD}" + " c" * 4_060
    told = redact(text)
    assert len(told) < 16_400
    assert DISCORD[30:60] not in told
    assert DISCORD[:26] not in told


@given(st.text(string.ascii_letters + ":=/@\"'\\. -_\n", max_size=300))
def test_redacting_takes_any_text(text):
    assert isinstance(redact(text), str)


# --- shortening -------------------------------------------------------------------------------


@given(anything, st.integers(4, 60))
def test_a_short_text_keeps_head_and_tail_and_its_limit(text, limit):
    short = shorten(text, limit)
    assert len(short) == min(len(text), limit)
    if len(text) > limit:
        head, tail = short.split(" … ")[0], short.rsplit(" … ", 1)[1]
        assert text.startswith(head)
        assert text.endswith(tail)


# --- fingerprints -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("user 1 of 20", "user 33 of 4"),
        ("took 1.5 s", "took 20.25 s"),
        ("no member 123456789012345678", "no member 876543210987654321"),
        ("<a.B object at 0x7f00deadbeef>", "<a.B object at 0x7f11deadbee0>"),
        ("KeyError: 'colour'", "KeyError: 'size of x'"),
        ('unknown "abc"', 'unknown "x y"'),
        ("id 6f1ed002ab5595859014ebf0951522d9", "id 0f1ed002ab5595859014ebf095152200"),
        (
            "job 123e4567-e89b-12d3-a456-426614174000 lost",
            "job 00000000-e89b-12d3-a456-42661417ffff lost",
        ),
        ("can't open 'a'", "can't open 'b'"),
    ],
)
def test_errors_that_differ_only_in_what_varies_are_one_group(one, other):
    assert fingerprint("E", one) == fingerprint("E", other)


def test_other_types_and_other_words_are_other_groups():
    told = {fingerprint("A", "lost"), fingerprint("B", "lost"), fingerprint("A", "found")}
    assert len(told) == 3
    assert all(len(one) == 12 and int(one, 16) >= 0 for one in told)


# --- errors -----------------------------------------------------------------------------------


class Outer:
    class InnerError(Exception):
        pass


def test_an_error_is_told_by_its_qualified_class_name_and_message():
    told = describe_error(Outer.InnerError("no"))
    assert told == ("Outer.InnerError", "no", fingerprint("Outer.InnerError", "no"))
    assert describe_error(None) is None
    assert describe_error("thrown text")[:2] == ("Error", "thrown text")


def test_causes_are_told_behind_the_error_and_a_circle_ends():
    outer, inner = ValueError("outer"), KeyError("inner")
    outer.__cause__ = inner
    inner.__cause__ = outer
    assert describe_error(outer).message == "outer <- KeyError: 'inner'"


def test_a_group_names_its_first_parts():
    group = ExceptionGroup(
        "two", [ValueError("a"), UnprintableError(), TypeError("c"), OSError("d")]
    )
    told = describe_error(group)
    assert told.type == "ExceptionGroup"
    assert (
        "ValueError: a; UnprintableError: (its __str__ raised RuntimeError); TypeError: c"
        in told.message
    )
    assert "OSError" not in told.message


def test_an_error_without_a_text_is_still_told():
    assert describe_error(UnprintableError()).message == "(its __str__ raised RuntimeError)"


class FatalError(Exception):
    def __str__(self):
        raise SystemExit(3)


class FacelessError(Exception):
    @property
    def __class__(self):
        raise KeyboardInterrupt


@pytest.mark.parametrize("kind", [FatalError, FacelessError])
def test_an_error_that_would_end_the_thread_that_looks_at_it_is_told(kind):
    told = describe_error(kind())
    assert told.type == kind.__name__
    assert "raised" in told.message
    assert clean_name(FatalError()) == UNNAMED


def test_messages_are_redacted_before_they_are_cut():
    told = describe_error(ValueError("x" * 1_015 + f" {DISCORD} " + "y" * 5_000))
    assert len(told.message) <= 2_048
    assert DISCORD[:12] not in told.message


@given(anything)
def test_every_message_can_be_stored(text):
    told = describe_error(ValueError(text))
    told.message.encode("utf-8")
    assert "\x00" not in told.message
    assert "\x1b" not in told.message
