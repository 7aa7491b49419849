"""Settings: environment over file over defaults, and every complaint at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from changeover.core.errors import SettingsError
from changeover.settings import Settings, load, table


@pytest.fixture
def config(tmp_path: Path):
    """Write a configuration file and give back the environment that names it."""

    def write(text: str, **environ: str) -> dict[str, str]:
        file = tmp_path / "changeover.toml"
        file.write_text(text, "utf-8")
        return {"CHANGEOVER_CONFIG": str(file), **environ}

    return write


def test_without_anything_set_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load({})
    assert {name: getattr(settings, name) for name, _, _ in table()} == {
        name: default for name, _, default in table()
    }
    assert set(settings.sources.values()) == {"default"}


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(config):
    environ = config("[monitoring]\nport = 4000\nsystem = 'next'\n", HEALTH_CHECK_PORT="5000")
    settings = load(environ)
    assert (settings.port, settings.sources["port"]) == (5000, "HEALTH_CHECK_PORT")
    assert (settings.system, settings.sources["system"]) == ("next", "monitoring.system")
    assert settings.sources["host"] == "default"


def test_a_platforms_port_is_used_unless_ours_is_set():
    assert load({"PORT": "8080"}).port == 8080
    assert load({"PORT": "8080", "HEALTH_CHECK_PORT": "3005"}).port == 3005


def test_an_empty_variable_counts_as_not_set():
    assert load({"HEALTH_CHECK_PORT": " ", "MONITORING_TOKEN": ""}).port == 3001


def test_what_is_wrong_in_the_rooms_own_tables_is_named_with_the_rest(config):
    text = "[rollout]\nmode = 'often'\n[judge]\nalpha = 5\nmarginn = 1\n[flags]\n'ddd.x' = '300%'\n"
    with pytest.raises(SettingsError) as caught:
        load(config(text, HEALTH_CHECK_PORT="many"))
    for name in ("HEALTH_CHECK_PORT", "rollout.mode", "judge.alpha", "judge.marginn", "ddd.x"):
        assert name in str(caught.value)


def test_every_wrong_setting_is_named_at_once_with_value_allowed_and_example():
    with pytest.raises(SettingsError) as caught:
        load({
            "MONITORING_ENABLED": "maybe",
            "HEALTH_CHECK_PORT": "99999",
            "ALERT_ERROR_RATE_THRESHOLD": "nan",
            "ALERT_REPEAT": "1m",
            "MONITORING_STORE": "redis",
        })  # fmt: skip
    message = str(caught.value)
    assert message.startswith("5 settings are wrong:")
    assert "MONITORING_ENABLED='maybe': expected true or false, for example true" in message
    assert "HEALTH_CHECK_PORT='99999'" in message
    assert "ALERT_ERROR_RATE_THRESHOLD='nan'" in message
    assert "ALERT_REPEAT='1m'" in message
    assert "MONITORING_STORE='redis': expected one of sqlite, memory" in message


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MONITORING_TOKEN", "too-short"),
        ("MONITORING_TOKEN", "with a space in the middle"),
        ("ALERT_DISCORD_WEBHOOK_URL", "http://evil.example/api/webhooks/12345/abcdef"),
        ("ALERT_DISCORD_WEBHOOK_URL", "https://discord.com.evil.example/api/webhooks/12345/abc"),
    ],
)
def test_a_wrong_secret_is_refused_without_being_shown(variable, value):
    with pytest.raises(SettingsError) as caught:
        load({variable: value})
    assert variable in str(caught.value)
    assert value not in str(caught.value)


def test_a_secret_is_never_seen_in_a_repr():
    settings = load({"MONITORING_TOKEN": "0123456789abcdef0123"})
    assert settings.token is not None
    assert settings.token.reveal() == "0123456789abcdef0123"
    assert "0123456789abcdef" not in repr(settings)
    assert "0123456789abcdef" not in str(settings.token)


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path):
    secret = tmp_path / "token"
    secret.write_text("0123456789abcdef0123\n", "utf-8")
    settings = load({"MONITORING_TOKEN_FILE": str(secret)})
    assert settings.token is not None
    assert settings.token.reveal() == "0123456789abcdef0123"
    with pytest.raises(SettingsError, match="MONITORING_TOKEN_FILE"):
        load({"MONITORING_TOKEN_FILE": str(tmp_path / "absent")})


def test_a_misspelt_variable_is_reported_with_the_nearest_name():
    settings = load({"ALERT_ERORR_RATE_THRESHOLD": "0.1", "ALERT_MEMORY_THRESHOLD": "5"})
    (warning,) = settings.warnings
    assert "ALERT_ERORR_RATE_THRESHOLD" in warning
    assert "did you mean ALERT_ERROR_RATE_THRESHOLD?" in warning


def test_a_misspelt_key_of_the_file_stops_the_start_and_names_the_nearest(config):
    with pytest.raises(SettingsError, match=r"monitoring\.porrt.*monitoring\.port"):
        load(config("[monitoring]\nporrt = 4000\n"))


def test_a_file_that_was_named_must_exist_and_be_toml(config, tmp_path):
    with pytest.raises(SettingsError, match="CHANGEOVER_CONFIG"):
        load({"CHANGEOVER_CONFIG": str(tmp_path / "absent.toml")})
    with pytest.raises(SettingsError, match="a readable TOML file"):
        load(config("[monitoring\n"))


def test_flags_in_the_file_are_left_to_the_flags(config):
    assert isinstance(load(config('[flags]\n"ddd.commands.enabled" = true\n')), Settings)


def test_listening_beyond_this_machine_needs_a_token():
    with pytest.raises(SettingsError, match="MONITORING_TOKEN"):
        load({"MONITORING_HOST": "192.0.2.1"})
    assert load({"MONITORING_HOST": "192.0.2.1", "MONITORING_TOKEN": "x" * 16}).host == "192.0.2.1"
    assert load({"MONITORING_HOST": "127.0.0.2"}).host == "127.0.0.2"


def test_alert_rules_are_no_settings_and_are_complained_of_together_with_them(config):
    text = '[alerts]\nmin_executions = 5\n[[alerts.rules]]\nname = "error_rate"\nwarnin = 0.05\n'
    with pytest.raises(SettingsError) as caught:
        load(config(text, ALERT_REPEAT="1m"))
    told = str(caught.value)
    assert told.startswith("2 settings are wrong:")
    assert "line 5: rule 1 (error_rate): warnin='0.05': expected a known key" in told
    assert load(config(text.replace("warnin", "warning"))).alert_min_executions == 5


def test_a_rule_is_checked_against_the_thresholds_of_the_environment(config):
    environ = config('[[alerts.rules]]\nname = "error_rate"\ncritical = 0.05\n')
    assert load(environ).alert_error_ratio == 0.01
    with pytest.raises(
        SettingsError, match=r"critical='0.05': expected above the warning step, 0.06"
    ):
        load({**environ, "ALERT_ERROR_RATE_THRESHOLD": "0.06"})


def test_a_file_that_is_no_toml_is_told_once_with_its_line(config):
    with pytest.raises(SettingsError) as caught:
        load(config("[alerts]\nrepeat = \n"))
    (problem,) = caught.value.problems
    assert problem.name.endswith("changeover.toml, line 2, column 10")
