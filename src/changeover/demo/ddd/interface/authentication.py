"""Handlers of the authentication commands."""

from __future__ import annotations

from changeover.demo import mistakes
from changeover.demo.call import Arguments, Call, Handler, Reply
from changeover.demo.ddd.application.accounts import AccountService
from changeover.demo.ddd.interface import wording


class AuthenticationCommands:
    """auth, verify. Every reply is for the caller's eyes only."""

    STEPS = ("status", "start", "code", "revoke")

    def __init__(self, accounts: AccountService) -> None:
        self._accounts = accounts

    def handlers(self) -> dict[str, Handler]:
        """By the names of the commands."""
        return {"auth": self.auth, "verify": self.verify}

    async def auth(self, call: Call, args: Arguments) -> Reply:
        """Sign in step by step, look, or sign out."""
        step = (args.get("action") or "status").lower()
        match step:
            case "status":
                text = wording.sign_in_state(self._accounts.sign_in(call), call.now_s)
            case "start":
                text = wording.new_code(call.bot.prefix, self._accounts.start_sign_in(call))
            case "code":
                sign_in = self._accounts.redeem(call, args.get("code"))
                text = wording.sign_in_state(sign_in, call.now_s)
            case "revoke":
                self._accounts.revoke(call)
                text = "You are signed out."
            case _:
                raise mistakes.bad_choice("step", step, self.STEPS)
        return Reply(text, ephemeral=True)

    async def verify(self, call: Call, _args: Arguments) -> Reply:
        """A call from an age-restricted channel is the proof."""
        if not self._accounts.verify(call):
            return Reply("You are verified already.", ephemeral=True)
        return Reply("You are verified: write to me directly whenever you like.", ephemeral=True)
