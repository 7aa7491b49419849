"""Renders what the alert messages look like: `python tools/alert_pictures.py`, needs chromium.

The contents are those that the channels send; the frames around them are drawn after the chat
programs. Writes docs/images/alert-*.png.
"""

# ruff: noqa: INP001  # a script, not a package

from __future__ import annotations

import html
import io
import re
import shutil
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops

from changeover.core.clock import NS_PER_S
from changeover.core.model import Alert, Event, Notification, Phase, Slot, Stats, Timeline
from changeover.notify.embed import embed_body
from changeover.notify.letter import html as letter_html
from changeover.notify.picture import draw
from changeover.notify.slack import blocks_body

IMAGES = Path(__file__).parents[1] / "docs" / "images"
MINUTE = 60 * NS_PER_S
NOON = 1_767_268_800 * NS_PER_S

ALERT = Alert(
    key="error_rate", rule="error_rate", phase=Phase.FIRING, severity="critical",
    summary="Error rate is 12.4 % over 5m, above 10 %", value=0.124, threshold=0.1, unit="ratio",
    labels={"command": "remind add"}, since_ns=NOON - 8 * MINUTE,
    fired_ns=NOON - 6 * MINUTE, peak=0.131, episode=3,
)  # fmt: skip
FIRING = Notification(
    Event.FIRING, ALERT, "error_rate#3", "vm-1/4711", NOON, "https://bot.example.com/",
    also=("Response time is 1840 ms over 5m, above 1000 ms",), more=2,
)  # fmt: skip
RESOLVED = replace(
    FIRING, event=Event.RESOLVED, at_ns=NOON + 21 * MINUTE, also=(), more=0,
    alert=replace(ALERT, value=0.004, summary="Error rate is 0.4 % over 5m", resolved_ns=NOON + 21 * MINUTE),
)  # fmt: skip


def hour() -> Timeline:
    """An hour in which the new system begins to fail."""
    slots = []
    for minute in range(60):
        wave = (minute * 37 % 11) / 4000
        ratio = 0.004 + wave if minute < 50 else 0.02 + (minute - 50) * 0.012
        stats = {
            "legacy": Stats(total=90, error_ratio=0.003 + wave),
            "ddd": Stats(total=40, error_ratio=ratio),
        }
        slots.append(Slot(start_ns=NOON - (59 - minute) * MINUTE, by_system=stats))
    return Timeline(MINUTE, slots)


def unescaped(text: str) -> str:
    """Discord's Markdown as it is shown: a backslash before a sign is not."""
    return html.escape(re.sub(r"\\([^a-zA-Z0-9\s])", r"\1", text)).replace("\n", "<br>")


def discord(notification: Notification, chart: bytes | None, *, short: bool = False) -> str:
    """One message of a webhook."""
    (embed,) = embed_body(notification, short=short)["embeds"]
    fields = "".join(
        f'<div class="{"in" if field["inline"] else "wide"}"><b>{unescaped(field["name"])}</b>'
        f"<br>{_linked(field['value'])}</div>"
        for field in embed["fields"]
    )
    picture = f'<img src="data:image/png;base64,{b64encode(chart).decode()}">' if chart else ""
    return (
        '<div class="message"><div class="face"></div><div><b>Changeover</b> <i>APP</i>'
        f'<div class="embed" style="border-color:#{embed["color"]:06x}">'
        f"<h3>{unescaped(embed['title'])}</h3><p>{unescaped(embed['description'])}</p>"
        f'<div class="fields">{fields}</div>{picture}</div></div></div>'
    )


def _linked(text: str) -> str:
    shown = unescaped(text)
    return f"<u>{shown}</u>" if text.startswith("http") else shown


DISCORD = """<style>
body{margin:0;background:#313338;color:#dbdee1;font:15px/1.35 system-ui,sans-serif;width:560px}
.message{display:flex;gap:14px;padding:14px 16px}
.face{flex:none;width:40px;height:40px;border-radius:50%;background:#58a6ff}
i{background:#5865f2;color:#fff;font:600 11px sans-serif;padding:1px 5px;border-radius:4px}
.embed{background:#2b2d31;border-left:4px solid;border-radius:4px;padding:10px 14px;margin-top:6px;
max-width:450px} h3{margin:0 0 6px;font-size:16px;color:#f2f3f5} p{margin:0 0 8px;font-size:14px}
.fields{display:grid;grid-template-columns:repeat(3,1fr);gap:8px;font-size:14px}
.wide{grid-column:1/-1} img{width:100%;border-radius:4px;margin-top:12px} u{color:#00a8fc}
</style>"""

SLACK = """<style>
body{margin:0;background:#fff;color:#1d1c1d;font:15px/1.45 system-ui,sans-serif;width:560px}
.message{display:flex;gap:10px;padding:14px 16px}
.face{flex:none;width:36px;height:36px;border-radius:6px;background:#58a6ff}
i{background:#ddd;font:600 10px sans-serif;padding:1px 4px;border-radius:3px}
.at{border-left:4px solid;border-radius:2px;padding:2px 0 2px 12px;margin-top:6px}
h3{margin:4px 0;font-size:18px} .fields{display:grid;grid-template-columns:1fr 1fr;gap:8px}
div.b{margin:8px 0} u{color:#1264a3;text-decoration:none} small{color:#616061}
</style>"""


def slack(notification: Notification) -> str:
    """One message of an incoming webhook."""
    (attachment,) = blocks_body(notification)["attachments"]
    blocks = "".join(f'<div class="b">{_block(block)}</div>' for block in attachment["blocks"])
    return (
        '<div class="message"><div class="face"></div><div><b>Changeover</b> <i>APP</i>'
        f'<div class="at" style="border-color:{attachment["color"]}">{blocks}</div></div></div>'
    )


def _block(block: Mapping[str, Any]) -> str:
    if block["type"] == "header":
        return f"<h3>{block['text']['text']}</h3>"
    if "fields" in block:
        cells = "".join(f"<div>{_mrkdwn(cell['text'])}</div>" for cell in block["fields"])
        return f'<div class="fields">{cells}</div>'
    if block["type"] == "context":
        return "<small>" + _mrkdwn(block["elements"][0]["text"]) + "</small>"
    return _mrkdwn(block["text"]["text"])


def _mrkdwn(text: str) -> str:
    """Slack's text is escaped already."""
    text = re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r"<u>\2</u>", text)
    return re.sub(r"^\*(.+)\*$", r"<b>\1</b>", text, flags=re.MULTILINE).replace("\n", "<br>")


def shoot(name: str, page: str, width: int) -> None:
    """A page as a picture, cut to what is on it."""
    chromium = shutil.which("chromium") or sys.exit("needs chromium")
    with tempfile.TemporaryDirectory() as folder:
        source, shot = Path(folder) / "page.html", Path(folder) / "shot.png"
        source.write_text(f'<!doctype html><meta charset="utf-8">{page}', "utf-8")
        subprocess.run(  # noqa: S603 - our own page in the system's browser
            [
                chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--force-device-scale-factor=2", f"--window-size={width},1400",
                f"--user-data-dir={folder}/profile", f"--screenshot={shot}", source.as_uri(),
            ],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        image = Image.open(io.BytesIO(shot.read_bytes())).convert("RGB")
    ground = Image.new("RGB", image.size, image.getpixel((image.width - 1, image.height - 1)))
    box = ImageChops.difference(image, ground).getbbox() or (0, 0, *image.size)
    cut = image.crop((0, 0, image.width, min(image.height, box[3] + 28)))
    cut.quantize(128).save(IMAGES / f"alert-{name}.png", optimize=True)


def main() -> None:
    """Render all of them."""
    chart = draw(hour(), ALERT)
    shoot("discord", DISCORD + discord(FIRING, chart) + discord(RESOLVED, None, short=True), 560)
    shoot("slack", SLACK + slack(FIRING) + slack(replace(RESOLVED)), 560)
    shoot("email", letter_html(FIRING).partition("\n")[2], 640)


if __name__ == "__main__":
    main()
