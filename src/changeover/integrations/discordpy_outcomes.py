"""What the errors of discord.py mean."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from changeover.integrations.family_outcomes import Speech

SPEECH = Speech(discord, commands, app_commands)
outcome_of, unwrap, was_run = SPEECH.outcome_of, SPEECH.unwrap, SPEECH.was_run
