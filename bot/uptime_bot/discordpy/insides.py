"""What we need of discord.py's insides, by name, so that a version without it is noticed at start."""

import importlib

LOGIN = (
    "discord.client:Client.login",
    "discord.client:Client._async_setup_hook",
    "discord.http:json_or_text",
    "discord.http:HTTPClient.request",
    "discord.http:HTTPClient.static_login",
    "discord.http:Route.BASE",
)

CONNECTION = (
    "discord.client:Client.connect",
    "discord.gateway:DiscordWebSocket.DEFAULT_GATEWAY",
    "discord.gateway:DiscordWebSocket.close",
    "discord.gateway:DiscordWebSocket.from_client",
    "discord.gateway:DiscordWebSocket.identify",
    "discord.gateway:DiscordWebSocket.poll_event",
    "discord.gateway:DiscordWebSocket.request_chunks",
    "discord.gateway:DiscordWebSocket.resume",
    "discord.gateway:KeepAliveHandler.__init__ _last_ack",
    "discord.gateway:KeepAliveHandler.__init__ _last_send",
    "discord.gateway:ReconnectWebSocket",
    "discord.gateway:WebSocketClosure",
    "discord.http:INTERNAL_API_VERSION",
    "discord.shard:AutoShardedClient._async_setup_hook _AutoShardedClient__queue",
    "discord.shard:AutoShardedClient.__init__ _AutoShardedClient__shards",
    "discord.shard:AutoShardedClient.launch_shard",
    "discord.shard:AutoShardedClient.launch_shards",
    "discord.shard:EventItem",
    "discord.shard:EventType.resume",
    "discord.shard:Shard.__init__ _client",
    "discord.shard:Shard.__init__ _dispatch",
    "discord.shard:Shard.__init__ _queue_put",
    "discord.shard:Shard.__init__ _reconnect",
    "discord.shard:Shard.__init__ _task",
    "discord.shard:Shard._cancel_task",
    "discord.shard:Shard.launch",
    "discord.shard:Shard.reconnect",
    "discord.shard:Shard.worker",
)
"""`module:path`, or `module:function attribute` for an attribute that the function sets or reads."""


def missing(needs: tuple[str, ...]) -> list[str]:
    """Those of `needs` that the installed discord.py does not have."""
    return [need for need in needs if not _exists(need)]


def _exists(need: str) -> bool:
    path, _, attribute = need.partition(" ")
    module, _, names = path.partition(":")
    try:
        found: object = importlib.import_module(module)
        for name in names.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError):
        return False
    code = getattr(found, "__code__", None)
    return not attribute or (code is not None and attribute in code.co_names)
