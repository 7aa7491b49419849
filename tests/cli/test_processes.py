"""Commands that run until they are told to end, as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


def start(environ, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "changeover", *words],
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_shows_what_a_bot_stored_even_where_the_bot_does_not_serve(stored, environ, number):
    environ |= {"HEALTH_CHECK_PORT": "0", "MONITORING_HTTP": "false"}
    process = start(environ, "serve")
    try:
        assert str(stored.folder) in process.stdout.readline()
        page = process.stdout.readline().split()[1]
        with urllib.request.urlopen(page + "health/commands") as answer:
            assert json.loads(answer.read())["command_executions"]["total"] == 3
        process.send_signal(number)
        assert process.wait(5) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_errors_of_ours_are_one_message_and_exit_2(environ):
    environ["ALERT_FOR"] = "soon"
    process = subprocess.run(
        [sys.executable, "-m", "changeover", "doctor"],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 2
    assert process.stderr.startswith("changeover: 1 setting is wrong:\n  ALERT_FOR='soon'")
    assert "Traceback" not in process.stderr
