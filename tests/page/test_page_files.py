"""What can be said of the page's files without a browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from page_server import STATIC

OURS = sorted(path for path in STATIC.iterdir() if path.is_file())
SCRIPTS = [path for path in OURS if path.suffix == ".js"]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] in ("script", "style"):
            self.inline += data.strip()


@pytest.fixture(scope="module")
def tags() -> Tags:
    parser = Tags()
    parser.feed((STATIC / "index.html").read_text("utf-8"))
    return parser


def test_the_charset_is_the_first_thing_said(tags):
    metas = [attrs for tag, attrs in tags.tags if tag == "meta"]
    assert metas[0] == {"charset": "utf-8"}


def test_there_is_no_inline_script_and_no_inline_style(tags):
    assert tags.inline == ""
    for _, attrs in tags.tags:
        assert "style" not in attrs
        assert not any(name.startswith("on") for name in attrs)


def test_all_addresses_are_relative_so_that_the_page_can_be_mounted_anywhere(tags):
    addresses = [attrs.get("src") or attrs.get("href") for _, attrs in tags.tags]
    given = [address for address in addresses if address and not address.startswith("#")]
    assert given
    assert not [address for address in given if re.match(r"/|[a-z]+:", address)]


IMPORT = re.compile(r'^(?:import|export)[^;]*? from "\./([a-z]+\.js)";', re.MULTILINE)
LATE = re.compile(r'import\("\./([a-z]+\.js)"\)')
LATE_STYLE = re.compile(r'styleSheet\("([a-z]+\.css)"\)')


def reached(first: str) -> set[str]:
    """The modules that `first` needs before it runs, and itself."""
    found, todo = set(), [first]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += IMPORT.findall((STATIC / name).read_text("utf-8"))
    return found


def test_what_the_first_picture_needs_is_preloaded_and_nothing_else(tags):
    named = {attrs["href"] for tag, attrs in tags.tags if tag == "link"}
    named |= {attrs["src"] for tag, attrs in tags.tags if tag in ("script", "img")}
    own = {address.removeprefix("static/") for address in named if "vendor" not in address}
    assert own - {"early.js", "favicon.svg"} == reached("main.js") | {
        address for address in own if address.endswith(".css")
    }


def test_every_own_file_is_there_and_is_asked_for_by_something(tags):
    named = {attrs.get("href") or attrs.get("src") or "" for _, attrs in tags.tags}
    own = {address.removeprefix("static/") for address in named if address.startswith("static/")}
    code = "".join(path.read_text("utf-8") for path in SCRIPTS)
    late = set(LATE.findall(code)) | set(LATE_STYLE.findall(code))
    modules = set().union(*(reached(name) for name in late if name.endswith(".js")))
    asked = {name for name in own if "vendor" not in name} | late | modules
    assert asked == {path.name for path in OURS if path.name != "index.html"}


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_file_was_encoded_twice(path):
    text = path.read_text("utf-8")
    assert not re.search("[\u00c2\u00c3\u00e2\u00f0][\u0080-\u00bf\u2018-\u203a]", text)
    assert "\ufffd" not in text


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_or_code_from_text(path):
    code = path.read_text("utf-8")
    bad = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    assert not re.search(bad, code)
    assert "https://" not in code
    assert not re.search(r"""http://(?!www\.w3\.org/2000/svg)""", code)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_files_stay_small(path):
    assert len(path.read_text("utf-8").splitlines()) <= 400
