"""Close codes after which Discord does not take the same connection again, in words that say what to mend."""

import discord

from uptime_bot.contract.exit_codes import ExitCode
from uptime_bot.contract.messages import Event
from uptime_bot.discordpy.links import ClientLink, Links
from uptime_bot.discordpy.surroundings import Surroundings
from uptime_bot.service.exits import GiveUp

CONFIG_WORDS = {
    4010: "the shard id or shard count of the bot is not valid (4010): mend shard_id and shard_count",
    4011: "the bot is in too many guilds for its shards (4011): use AutoShardedBot or a larger shard_count",
    4012: "this discord.py speaks a gateway version that Discord has retired (4012): upgrade discord.py",
    4013: "the bot asks for intents that do not exist (4013): mend its discord.Intents, or upgrade discord.py",
}
"""Close codes of Discord's "Gateway Close Event Codes" that a restart does not mend."""

PRIVILEGED = {
    "presences": "Presence Intent",
    "members": "Server Members Intent",
    "message_content": "Message Content Intent",
}
"""Intents that have to be switched on, as discord.Intents and the developer portal name them."""


async def give_up_on(exc: Exception, link: ClientLink, around: Surroundings, links: Links) -> GiveUp | None:
    """The end of the process that a close code asks for; None where a restart may help, or another client is online."""
    code = exc.code if isinstance(exc, discord.ConnectionClosed) else None
    if code == 4004 and link.token is not None:
        around.purse.reject(link.token, "gateway close code 4004")
    if any(other is not link for other in links):
        return None
    if code == 4014 or isinstance(exc, discord.PrivilegedIntentsRequired):
        return around.exits.give_up(ExitCode.CONFIG, intents_words(link.client), Event.INTENTS_REFUSED)
    if code == 4004:
        return await token_rejected(link, around)
    if code in CONFIG_WORDS:
        words = f"Discord closed the gateway: {CONFIG_WORDS[code]}, then restart"
        return around.exits.give_up(ExitCode.CONFIG, words, Event.CONFIG_REFUSED)
    return None


async def token_rejected(link: ClientLink, around: Surroundings) -> GiveUp:
    """The end of the process that a rejected token asks for: 77, or a restart where another source holds another."""
    why = await around.purse.why_none_is_left(link.own)
    if why is not None:
        return around.exits.give_up(ExitCode.NOPERM, why, Event.NO_TOKEN)
    reason = "the token in use was rejected (4004); another source holds another: restarting with that"
    return around.exits.give_up(ExitCode.TEMPFAIL, reason, Event.TOKEN_NOTE)


def intents_words(client: discord.Client) -> str:
    """Which intents to switch on, and where."""
    flags = [flag for flag in PRIVILEGED if getattr(client.intents, flag, False)]
    names = ", ".join(PRIVILEGED[flag] for flag in flags) or "privileged intents"
    application = client.application_id or "YOUR-APPLICATION"
    code = " and ".join(f"intents.{flag}" for flag in flags) or "them"
    return (
        f"Discord refuses the intents that the bot asks for (4014). Switch on {names} at "
        f"https://discord.com/developers/applications/{application}/bot under Privileged Gateway Intents, "
        f"or stop asking for {code} in the bot, then restart"
    )
