from __future__ import annotations

import subprocess
import sys

import pytest

from changeover.core.errors import BadValueError
from changeover.core.values import APPRISE_URLS, Secret
from changeover.notify.apprise import AppriseChannel


def test_a_missing_extra_answers_with_the_line_that_installs_it():
    probe = (
        "import sys; sys.modules['apprise'] = None\n"
        "from changeover.notify.apprise import AppriseChannel\n"
        "from changeover.core.values import Secret\n"
        "from changeover.core.errors import MissingExtraError\n"
        "try: AppriseChannel(Secret('json://x/'))\n"
        "except MissingExtraError as error: print(error)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip().endswith("pip install 'changeover[apprise]'")


def test_a_url_that_apprise_does_not_know_is_refused_without_being_told(caplog):
    with pytest.raises(BadValueError, match=r"ALERT_APPRISE_URLS=\(hidden\)") as error:
        AppriseChannel(Secret("nonsense://sesame-open"))
    assert "sesame" not in str(error.value) + caplog.text


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("json://a/", ["json://a/"]),
        ("json://a/ ntfys://b/c", ["json://a/", "ntfys://b/c"]),
        ("json://a/,ntfys://b/c", ["json://a/", "ntfys://b/c"]),
        (
            "mailto://u:p@h?to=a@b.c,d@e.f, json://a/",
            ["mailto://u:p@h?to=a@b.c,d@e.f", "json://a/"],
        ),
    ],
)
def test_several_urls_are_told_apart_though_commas_may_be_in_one(text, urls):
    assert APPRISE_URLS.parse("X", text).reveal().split("\n") == urls


def test_repr_tells_only_how_many():
    channel = AppriseChannel(Secret("json://sesame-open/ xml://sesame-open/"))
    assert repr(channel) == "AppriseChannel(2 urls=***)"
