"""A user's bot that writes down, as JSON lines on stdout, every event it sees and how its run ended.

Usage: recorder.py KIND RECONNECT TOKEN, with KIND client, auto or again (a second client after the first) and RECONNECT
yes or no. A message whose content is
`close`, `close when disconnected` or `reconnect shard N` makes it do that. $RECORDER_CLIENT holds keyword arguments for
its Client, as JSON, and $RECORDER_HOOK_S what it waits before each IDENTIFY.
"""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import discord

HOOK_S = float(os.environ.get("RECORDER_HOOK_S", "0"))
QUICKLY: dict[str, Any] = {
    "guild_ready_timeout": 0.2,  # discord.py's own wait for more GUILD_CREATEs is 2 s
    **json.loads(os.environ.get("RECORDER_CLIENT", "{}")),
}


def write(**entry: object) -> None:
    print("\n" + json.dumps(entry), flush=True)


class Recording(discord.Client):
    """Writes each event with what it was called with, where that can be compared."""

    close_when_disconnected = False

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not wait the 5 s between two IDENTIFYs; the stand-in does not ask for them."""
        if HOOK_S:
            await asyncio.sleep(HOOK_S)

    async def on_connect(self) -> None:
        write(event="connect")

    async def on_ready(self) -> None:
        write(event="ready", guilds=len(self.guilds))

    async def on_disconnect(self) -> None:
        write(event="disconnect", closed=self.is_closed())
        if self.close_when_disconnected:
            await self.close()

    async def on_resumed(self) -> None:
        write(event="resumed")

    async def on_shard_connect(self, shard_id: int) -> None:
        write(event="shard_connect", shard=shard_id)

    async def on_shard_ready(self, shard_id: int) -> None:
        write(event="shard_ready", shard=shard_id)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        write(event="shard_disconnect", shard=shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        write(event="shard_resumed", shard=shard_id)

    async def on_message(self, message: discord.Message) -> None:
        write(event="message", content=message.content)
        match message.content.split():
            case ["close"]:
                await self.close()
            case ["close", "when", "disconnected"]:
                self.close_when_disconnected = True
            case ["reconnect", "shard", number] if isinstance(self, discord.AutoShardedClient):
                shard = self.get_shard(int(number))
                assert shard is not None
                await shard.reconnect()
                write(event="after reconnect", shard_closed=shard.is_closed())


class RecordingAuto(Recording, discord.AutoShardedClient):
    """The same over several shards."""


async def run_one(kind: str, *, reconnect: bool, token: str) -> None:
    made = RecordingAuto if kind == "auto" else Recording
    options: dict[str, Any] = {"shard_count": 2} if kind == "auto" else {}
    client = made(intents=discord.Intents.default(), **{**options, **QUICKLY})
    try:
        await client.login(token)
        await client.connect(reconnect=reconnect)
    except BaseException as exc:
        write(
            end="raised",
            type=type(exc).__name__,
            code=getattr(exc, "code", None),
            is_oserror=isinstance(exc, OSError),
            closed=client.is_closed(),
        )
        raise
    else:
        write(end="returned", closed=client.is_closed())
    finally:
        if not client.is_closed():
            await client.close()


async def main(kind: str, *, reconnect: bool, token: str) -> None:
    for _ in range(2 if kind == "again" else 1):
        await run_one(kind, reconnect=reconnect, token=token)


if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has it for what runs in its background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    asyncio.run(main(sys.argv[1], reconnect=sys.argv[2] == "yes", token=sys.argv[3]))
