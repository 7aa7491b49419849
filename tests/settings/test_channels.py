"""Which channels the settings make, and what they refuse."""

from __future__ import annotations

import subprocess
import sys

import pytest

from changeover.core.clock import ManualClock
from changeover.core.errors import SettingsError
from changeover.service.wiring import channels_of
from changeover.settings import load, table

EMAIL = {
    "ALERT_EMAIL_HOST": "smtp.example.com",
    "ALERT_EMAIL_USER": "bot",
    "ALERT_EMAIL_PASSWORD": "0pen Sesame, @#:/",
    "ALERT_EMAIL_FROM": "bot@example.com",
    "ALERT_EMAIL_TO": "ops@example.com, dev@example.com",
}
EVERY = {
    **EMAIL,
    "ALERT_DISCORD_WEBHOOK_URL": "https://discord.com/api/webhooks/123456789012345678/0penSesame",
    "ALERT_SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/0penSesame",
    "ALERT_PAGERDUTY_ROUTING_KEY": "0penSesame0penSesame0penSesame12",
    "ALERT_WEBHOOK_URL": "https://example.com/0penSesame",
    "ALERT_WEBHOOK_SECRET": "0penSesame0penSesame",
    "ALERT_APPRISE_URLS": "ntfys://ntfy.sh/0penSesame",
    "ALERT_BOT_CHANNEL_ID": "123456789012345678",
    "MONITORING_DISCORD_OPERATORS": "223456789012345678, 323456789012345678",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_everything_that_is_set_up_is_a_channel_and_tells_no_secret():
    settings = load(EVERY)
    channels = channels_of(settings, ManualClock())
    assert list(channels) == [
        "file", "log", "discord", "slack", "email", "pagerduty", "webhook", "apprise", "bot",
    ]  # fmt: skip
    told = repr(settings) + repr(channels)
    assert "Sesame" not in told


def test_without_a_setting_there_are_the_file_and_the_log_and_no_library_is_loaded():
    probe = (
        "import sys\n"
        "from changeover.settings import load\n"
        "from changeover.service.wiring import channels_of\n"
        "from changeover.core.clock import SystemClock\n"
        "print(list(channels_of(load({}), SystemClock())))\n"
        "print(sorted({'aiohttp', 'apprise', 'smtplib', 'PIL'} & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines() == ["['file', 'log']", "[]"]


def test_a_password_may_hold_any_sign_and_stand_in_a_file(tmp_path):
    file = tmp_path / "password"
    file.write_text("p@ss: w/örd#\n", "utf-8")
    environ = {name: text for name, text in EMAIL.items() if name != "ALERT_EMAIL_PASSWORD"}
    settings = load({**environ, "ALERT_EMAIL_PASSWORD_FILE": str(file)})
    assert settings.alert_email_password.reveal() == "p@ss: w/örd#"
    assert settings.alert_email_to == ("ops@example.com", "dev@example.com")


def test_every_secret_of_a_channel_may_stand_in_a_file(tmp_path):
    secrets = {row.variable: name for name, row, _ in table() if row.secret}
    for variable in secrets.keys() & EVERY.keys():
        file = tmp_path / variable
        file.write_text(EVERY[variable])
        environ = {name: text for name, text in EVERY.items() if name != variable}
        settings = load({**environ, f"{variable}_FILE": str(file)})
        assert getattr(settings, secrets[variable]) == getattr(load(EVERY), secrets[variable])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ALERT_EMAIL_FROM": ""}, "ALERT_EMAIL_FROM"),
        ({"ALERT_EMAIL_TO": ""}, "ALERT_EMAIL_TO"),
        ({"ALERT_EMAIL_USER": ""}, "ALERT_EMAIL_USER"),
        ({"ALERT_EMAIL_PASSWORD": ""}, "ALERT_EMAIL_PASSWORD"),
        ({"ALERT_EMAIL_SECURITY": "none"}, "ALERT_EMAIL_SECURITY"),
        ({"ALERT_EMAIL_SECURITY": "ssl"}, "ALERT_EMAIL_SECURITY"),
        ({"ALERT_EMAIL_HOST": "smtp://x"}, "ALERT_EMAIL_HOST"),
        ({"ALERT_EMAIL_TO": "Ops <a@b.c>"}, "ALERT_EMAIL_TO"),
        ({"ALERT_WEBHOOK_URL": ""}, "ALERT_WEBHOOK_URL"),
        ({"ALERT_WEBHOOK_URL": "ftp://0penSesame"}, "ALERT_WEBHOOK_URL"),
        ({"ALERT_SLACK_WEBHOOK_URL": "https://0penSesame"}, "ALERT_SLACK_WEBHOOK_URL"),
        ({"ALERT_PAGERDUTY_ROUTING_KEY": "0penSesame"}, "ALERT_PAGERDUTY_ROUTING_KEY"),
        ({"ALERT_APPRISE_URLS": "0penSesame"}, "ALERT_APPRISE_URLS"),
        ({"ALERT_BOT_CHANNEL_ID": "general"}, "ALERT_BOT_CHANNEL_ID"),
        ({"ALERT_BOT_CHANNEL_ID": ""}, "ALERT_BOT_CHANNEL_ID"),
        ({"MONITORING_DISCORD_OPERATORS": "@ada"}, "MONITORING_DISCORD_OPERATORS"),
        ({"MONITORING_DISCORD_OPERATORS": "1,2"}, "MONITORING_DISCORD_OPERATORS"),
        ({"ALERT_PAGERDUTY_REGION": "asia"}, "ALERT_PAGERDUTY_REGION"),
    ],
)
def test_what_is_wrong_or_missing_is_named_and_no_secret_is_told(changes, named):
    with pytest.raises(SettingsError) as error:
        load(EVERY | changes)
    assert [problem.name for problem in error.value.problems] == [named]
    assert "Sesame" not in str(error.value)


def test_those_who_may_press_buttons_are_ids_and_each_counts_once():
    ids = "223456789012345678,323456789012345678, 223456789012345678,"
    settings = load(EVERY | {"MONITORING_DISCORD_OPERATORS": ids})
    assert settings.discord_operators == (223456789012345678, 323456789012345678)
    assert load({}).discord_operators == ()
