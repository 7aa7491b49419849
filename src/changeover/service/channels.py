"""The channels that the settings name. Each is loaded only where it is set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from changeover.core.clock import Clock
from changeover.core.model import Notification, Timeline
from changeover.core.ports import Channel
from changeover.core.window import Window
from changeover.notify.alert_file import AlertFile
from changeover.notify.log import LogChannel
from changeover.settings import Settings

if TYPE_CHECKING:
    from changeover.notify.bot import BotChannel
    from changeover.notify.discord import Picture

_HOUR = Window("1h", 3_600)

# ruff: noqa: PLC0415  # aiohttp and Apprise are only for those who use them


def every_channel(
    settings: Settings, clock: Clock, picture: Picture | None = None
) -> Iterator[Channel]:
    """One after the other, the file first.

    Args:
        settings: which are set up.
        clock: for signatures, and for the pauses that rate limits ask for.
        picture: draws the chart of an alert as PNG, or gives None; called in a thread.

    Raises:
        MissingExtraError: for a channel whose library is not installed.
        BadValueError: for a value that only the channel itself can judge.
    """
    yield AlertFile(settings.alert_file)
    yield LogChannel()
    private = settings.alert_allow_private
    if settings.alert_discord is not None:
        from changeover.notify.discord import DiscordWebhook

        yield DiscordWebhook(
            settings.alert_discord, clock=clock, picture=picture, allow_private=private
        )
    if settings.alert_slack is not None:
        from changeover.notify.slack import SlackWebhook

        yield SlackWebhook(settings.alert_slack, clock=clock, allow_private=private)
    if settings.alert_email_host is not None:
        yield _email(settings)
    if settings.alert_pagerduty is not None:
        from changeover.notify.pagerduty import PagerDuty

        region = settings.alert_pagerduty_region
        yield PagerDuty(
            settings.alert_pagerduty,
            region=region,
            bot=_bot(settings),
            clock=clock,
            allow_private=private,
        )
    yield from _open_ended(settings, clock)


def bot_channel_of(channels: Mapping[str, Channel]) -> BotChannel | None:
    """The channel that the attached bot posts in, where one is set up."""
    channel = channels.get("bot")
    if channel is None:
        return None
    from changeover.notify.bot import BotChannel

    return channel if isinstance(channel, BotChannel) else None


def picture_of(timeline: Callable[[Window], Timeline]) -> Picture | None:
    """Draws the last hour for an alert; None where the extra `png` is not installed."""
    if find_spec("PIL") is None:
        return None

    def picture(notification: Notification) -> bytes | None:
        from changeover.notify.picture import draw

        return draw(timeline(_HOUR), notification.alert)

    return picture


def _open_ended(settings: Settings, clock: Clock) -> Iterator[Channel]:
    """Those that lead anywhere, and the bot itself."""
    private = settings.alert_allow_private
    if settings.alert_webhook is not None:
        from changeover.notify.webhook import Webhook

        secret = settings.alert_webhook_secret
        yield Webhook(settings.alert_webhook, secret=secret, clock=clock, allow_private=private)
    if settings.alert_apprise is not None:
        from changeover.notify.apprise import AppriseChannel

        yield AppriseChannel(settings.alert_apprise, allow_private=private)
    if settings.alert_bot_channel is not None:
        from changeover.notify.bot import BotChannel

        yield BotChannel(settings.alert_bot_channel)


def _email(settings: Settings) -> Channel:
    from changeover.notify.email import EmailChannel, MailServer

    server = MailServer(
        host=settings.alert_email_host or "",
        port=settings.alert_email_port,
        security=settings.alert_email_security,
        user=settings.alert_email_user,
        password=settings.alert_email_password,
    )
    return EmailChannel(
        server,
        sender=settings.alert_email_from or "",
        recipients=settings.alert_email_to,
        bot=_bot(settings),
        allow_private=settings.alert_allow_private,
    )


def _bot(settings: Settings) -> str:
    """What tells bots apart that share an account: where their page is, and their store."""
    return f"{settings.link or ''}|{settings.folder}"
