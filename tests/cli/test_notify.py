"""`changeover notify`: what it tells each receiver, and with which exit code."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from changeover.core.errors import BadValueError


class Receiver:
    """A server in a thread of its own that answers every POST with one status."""

    def __init__(self):
        self.status = 204
        self.bodies = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                outer.bodies.append(json.loads(self.rfile.read(length)))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/0penSesame"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver(environ):
    receiver = Receiver()
    environ["ALERT_WEBHOOK_URL"] = receiver.url
    environ["ALERT_ALLOW_PRIVATE_ADDRESSES"] = "true"
    yield receiver
    receiver.stop()


def test_every_receiver_that_accepts_is_exit_code_0(run, receiver, tmp_path):
    result = run("notify", "test")
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.output.splitlines()}
    assert rows.keys() >= {"file", "log", "webhook"}
    assert "yes" in rows["webhook"]
    assert "answered 204" in rows["webhook"]
    assert " ms" in rows["webhook"]
    (body,) = receiver.bodies
    assert (body["event"], body["title"]) == ("test", "Test: test")
    assert "test" in (tmp_path / "data" / "alerts.log").read_text()


def test_one_that_refuses_is_exit_code_1_and_says_why_without_its_address(run, receiver):
    receiver.status = 404
    result = run("notify", "test")
    assert result.exit_code == 1
    assert "answered 404" in result.output
    assert "0penSesame" not in result.output


def test_only_the_channel_that_is_named_is_tried(run, receiver):
    assert run("notify", "test", "--channel", "log").exit_code == 0
    assert receiver.bodies == []
    shown = json.loads(run("notify", "test", "--channel", "webhook", "--json").output)
    assert [row["channel"] for row in shown] == ["webhook"]
    assert shown[0]["accepted"] is True
    assert shown[0]["latency_ms"] >= 0


def test_a_channel_that_is_not_set_up_is_named_with_those_that_are(run):
    result = run("notify", "test", "--channel", "slack")
    assert isinstance(result.exception, BadValueError)
    assert "file, log" in str(result.exception)


def test_a_private_address_is_refused_unless_it_is_allowed(run, receiver, environ):
    del environ["ALERT_ALLOW_PRIVATE_ADDRESSES"]
    result = run("notify", "test", "--channel", "webhook")
    assert result.exit_code == 1
    assert "ALERT_ALLOW_PRIVATE_ADDRESSES" in result.output
    assert receiver.bodies == []


def test_the_bots_own_channel_cannot_be_tried_from_here(run, environ):
    environ["ALERT_BOT_CHANNEL_ID"] = "123456789012345678"
    result = run("notify", "test", "--channel", "bot")
    assert result.exit_code == 1
    assert "no bot is attached" in result.output


@pytest.mark.usefixtures("receiver")
def test_the_list_tells_what_is_set_up_and_no_secret(run):
    result = run("notify", "list")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()[1:]] == [
        "file",
        "log",
        "webhook",
    ]
    assert "0penSesame" not in result.output
    assert {row["channel"] for row in json.loads(run("notify", "list", "--json").output)} == {
        "file", "log", "webhook",
    }  # fmt: skip
