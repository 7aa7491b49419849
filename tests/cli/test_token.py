"""`changeover token`."""

from __future__ import annotations

import json

import pytest

from changeover import Changeover, ChangeoverError
from changeover.core.order import Role

pytestmark = pytest.mark.usefixtures("stored")


def test_a_token_is_shown_once_alone_on_its_line_and_works(run, stored):
    result = run("token", "create", "anna", "--role", "operator", "--expires", "90d")
    assert result.exit_code == 0
    text = result.stdout.strip()  # so that TOKEN=$(changeover token create ...) is the token
    assert "shown again" in result.stderr
    monitor = Changeover(stored, watching_only=True)
    try:
        monitor.tokens.refresh()
        assert monitor.tokens.find(text.encode()).role is Role.OPERATOR
    finally:
        monitor.stop()
    assert text not in run("token", "list").output
    assert text not in run("token", "list", "--json").output


def test_tokens_are_listed_with_whose_they_are(run):
    run("token", "create", "anna", "--role", "operator", "--expires", "90d")
    run("token", "create", "bob", "--role", "viewer")
    told = {row["name"]: row for row in json.loads(run("token", "list", "--json").output)}
    assert (told["anna"]["role"], told["anna"]["expired"]) == ("operator", False)
    assert (told["bob"]["expires_at"], told["bob"]["used_at"]) == (None, None)
    lines = run("token", "list").output.splitlines()
    assert lines[2].split()[:2] == ["bob", "viewer"]
    assert "never" in lines[2]


def test_without_any_the_list_says_how_to_make_one(run):
    assert "changeover token create" in run("token", "list").output


def test_a_revoked_token_is_gone(run):
    run("token", "create", "anna", "--role", "admin")
    assert run("token", "revoke", "anna", "--reason", "has left").output == "anna: revoked\n"
    assert json.loads(run("token", "list", "--json").output) == []


def test_the_audit_says_who_did_what_and_who_tried(run):
    assert run("audit", "--subject", "token anna").output == "nothing was changed yet\n"
    run("token", "create", "anna", "--role", "admin", "--reason", "on call")
    run("token", "revoke", "nobody")
    tried, made = run("audit", "--limit", "2").output.splitlines()[1:]
    assert "token anna" in made
    assert "on call" in made
    assert "refused: there is no token 'nobody'" in tried
    (row,) = map(json.loads, run("audit", "--json", "--subject", "token anna").output.splitlines())
    assert (row["old"], row["new"]) == (None, "admin")
    assert row["actor"].startswith("cli:")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("create", "A b", "--role", "admin"), "name='A b'"),
        (("create", "anna", "--role", "admin", "--expires", "soon"), "expires='soon'"),
        (("revoke", "nobody"), "there is no token 'nobody'"),
    ],
)
def test_a_mistake_is_named(run, words, told):
    error = run("token", *words).exception
    assert isinstance(error, ChangeoverError)
    assert told in str(error)


@pytest.mark.parametrize("words", [("create", "anna"), ("create", "anna", "--role", "root")])
def test_a_token_needs_a_role_that_exists(run, words):
    result = run("token", *words)
    assert result.exit_code == 2
    assert "--role" in result.output


def test_a_store_in_memory_has_no_tokens_to_reach(run, environ):
    environ["MONITORING_STORE"] = "memory"
    error = run("token", "list").exception
    assert "only the bot's own process has the store" in str(error)
