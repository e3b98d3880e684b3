"""What we need of discord.py's insides, by name, so that a version that has changed them is noticed at start.

Two kinds of need. What we call, wrap or read has to exist and to take what we pass. What we replace as a whole has to
be what we know, since ours would leave out whatever else a newer one does: the names that a function touches and the
parameters that it takes (its shape) must be those of the versions named below. Constants, comments and the order of
statements do not count, nor does the version itself: nearly all of these functions have kept their shape from 2.4.0 to
2.7.1, and have the same on CPython 3.11 and 3.13, so a guard steps aside seldom, and not for a new number alone.
"""

import hashlib
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from types import CodeType

LOGIN = (
    "discord.client:Client.login(token)",
    "discord.client:Client._async_setup_hook",
    "discord.http:json_or_text(response)",
    "discord.http:HTTPClient.request(route)",
    "discord.http:HTTPClient.static_login(token)",
    "discord.http:Route.BASE",
    "discord.utils:_from_json(obj)",
)

CONNECTION = (
    "discord.client:Client.__init__ _connection",
    "discord.client:Client.connect(reconnect)",
    "discord.gateway:DiscordWebSocket.DEFAULT_GATEWAY",
    "discord.gateway:DiscordWebSocket.__init__ _keep_alive",
    "discord.gateway:DiscordWebSocket.close(code)",
    "discord.gateway:DiscordWebSocket.from_client(gateway, shard_id, initial, resume, session, sequence)",
    "discord.gateway:DiscordWebSocket.from_client _max_heartbeat_timeout",
    "discord.gateway:DiscordWebSocket.from_client identify",
    "discord.gateway:DiscordWebSocket.from_client resume",
    "discord.gateway:DiscordWebSocket.identify",
    "discord.gateway:DiscordWebSocket.poll_event",
    "discord.gateway:DiscordWebSocket.received_message sequence",
    "discord.gateway:DiscordWebSocket.request_chunks(guild_id, limit, user_ids, nonce)",
    "discord.gateway:DiscordWebSocket.resume",
    "discord.gateway:KeepAliveHandler.__init__ _last_ack",
    "discord.gateway:KeepAliveHandler.__init__ _last_send",
    "discord.gateway:KeepAliveHandler.__init__ heartbeat_timeout",
    "discord.gateway:ReconnectWebSocket",
    "discord.gateway:WebSocketClosure",
    "discord.http:INTERNAL_API_VERSION",
    "discord.shard:AutoShardedClient._async_setup_hook _AutoShardedClient__queue",
    "discord.shard:AutoShardedClient.__init__ _AutoShardedClient__shards",
    "discord.shard:AutoShardedClient.connect(reconnect)",
    "discord.shard:AutoShardedClient.launch_shard(gateway, shard_id, initial)",
    "discord.shard:AutoShardedClient.launch_shards",
    "discord.shard:EventItem",
    "discord.shard:EventType.resume",
    "discord.shard:Shard.__init__(ws, client, queue_put)",
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
"""`module:path`, `module:function(parameter, ...)` for parameters that we pass by name, or `module:function attribute`
for an attribute that the function sets or reads."""

CONTINUITY = (
    "discord.channel:_guild_channel_factory(channel_type)",
    "discord.client:Client.__init__ _listeners",
    "discord.flags:MemberCacheFlags._empty",
    "discord.gateway:DiscordWebSocket.__init__ _decompressor",
    "discord.gateway:DiscordWebSocket.__init__ _dispatch_listeners",
    "discord.gateway:DiscordWebSocket.__init__ sequence",
    "discord.gateway:DiscordWebSocket.log_receive",
    "discord.gateway:DiscordWebSocket.received_message _decompressor",
    "discord.gateway:DiscordWebSocket.received_message _discord_parsers",
    "discord.gateway:DiscordWebSocket.received_message sequence",
    "discord.guild:Guild.__init__ _members",
    "discord.guild:Guild.__init__ _scheduled_events",
    "discord.guild:Guild.__init__ _state",
    "discord.guild:Guild.__init__ _threads",
    "discord.guild:Guild.__init__ _voice_states",
    "discord.guild:Guild._add_member(member)",
    "discord.guild:Guild._from_data _large",
    "discord.guild:Guild._resolve_channel(id)",
    "discord.member:Member.__init__ _flags",
    "discord.member:Member.__init__ _roles",
    "discord.member:Member.__init__ _user",
    "discord.member:Member._presence_update(raw, user)",
    "discord.member:Member._update_inner_user(user)",
    "discord.presences:RawPresenceUpdateEvent(data, state)",
    "discord.scheduled_event:ScheduledEvent._add_user(user)",
    "discord.state:AutoShardedConnectionState.__init__ _ready_states",
    "discord.state:AutoShardedConnectionState.__init__ _ready_tasks",
    "discord.state:AutoShardedConnectionState._delay_ready",
    "discord.state:AutoShardedConnectionState._delay_shard_ready(shard_id)",
    "discord.state:AutoShardedConnectionState.parse_ready(data)",
    "discord.state:ChunkRequest.__init__(guild_id, cache)",
    "discord.state:ChunkRequest.add_members(members)",
    "discord.state:ConnectionState.__init__ _chunk_requests",
    "discord.state:ConnectionState.__init__ _intents",
    "discord.state:ConnectionState.__init__ _ready_task",
    "discord.state:ConnectionState.__init__ dispatch",
    "discord.state:ConnectionState.__init__ parsers",
    "discord.state:ConnectionState._add_guild_from_data(data)",
    "discord.state:ConnectionState._chunk_timeout(guild)",
    "discord.state:ConnectionState._delay_ready",
    "discord.state:ConnectionState._get_create_guild(data)",
    "discord.state:ConnectionState._get_guild(guild_id)",
    "discord.state:ConnectionState._guild_needs_chunking(guild)",
    "discord.state:ConnectionState._remove_guild(guild)",
    "discord.state:ConnectionState.cache_guild_expressions",
    "discord.state:ConnectionState.call_handlers(key)",
    "discord.state:ConnectionState.chunk_guild(guild, wait)",
    "discord.state:ConnectionState.clear _emojis",
    "discord.state:ConnectionState.clear _guilds",
    "discord.state:ConnectionState.clear _stickers",
    "discord.state:ConnectionState.clear _users",
    "discord.state:ConnectionState.clear _voice_clients",
    "discord.state:ConnectionState.parse_guild_create(data)",
    "discord.state:ConnectionState.parse_guild_members_chunk(data)",
    "discord.state:ConnectionState.parse_ready _ready_state",
    "discord.threads:Thread._add_member(member)",
    "discord.user:BaseUser._update(data)",
    "discord.utils:_ActiveDecompressionContext",
    "discord.utils:_from_json(obj)",
)
"""What a RESUME in a new process needs: hearing events, and refilling the cache from what was recorded of them."""

SHAPES: Mapping[str, Mapping[str, str]] = {
    "discord.client:Client.connect": {"c8a32d39": "2.4.0 to 2.7.1"},
    "discord.http:json_or_text": {"8da5b88f": "2.4.0 to 2.7.1"},
    # Not replaced: it reads what our loops queue.
    "discord.shard:AutoShardedClient.connect": {"31c6761f": "2.4.0 to 2.7.1"},
    "discord.shard:AutoShardedClient.launch_shard": {"e56f1600": "2.4.0 to 2.7.1"},
    "discord.shard:AutoShardedClient.launch_shards": {"5f856a9c": "2.4.0 to 2.7.1"},
    "discord.shard:Shard.reconnect": {"b31b5693": "2.4.0 to 2.7.1"},
    "discord.shard:Shard.worker": {"b31aa028": "2.4.0 to 2.7.1"},
    "discord.state:AutoShardedConnectionState._delay_ready": {"474eb0e1": "2.4.0 to 2.7.1"},
    "discord.state:AutoShardedConnectionState._delay_shard_ready": {"0ce82c02": "2.4.0 to 2.7.1"},
    "discord.state:AutoShardedConnectionState.parse_ready": {"d9f25b19": "2.4.0 to 2.7.1"},
    "discord.state:ChunkRequest.add_members": {"023574de": "2.4.0 to 2.7.1"},
    "discord.state:ConnectionState._delay_ready": {"64f012c7": "2.4.0 to 2.7.1"},
    "discord.state:ConnectionState.parse_guild_create": {"b78641f7": "2.4.0 to 2.7.1"},
    # 2.4 gives Member._presence_update() the payload itself.
    "discord.state:ConnectionState.parse_guild_members_chunk": {"1d4f9023": "2.5.0 to 2.7.1"},
    "discord.state:ConnectionState.parse_ready": {"660ce9dc": "2.4.0 to 2.7.1"},
}
"""What we stand in for, with the shapes that we know and the versions of discord.py that have them.

A shape comes in here after reading what has changed, and only then.
"""

STOOD_IN_FOR: Mapping[str, Mapping[str, str]] = {
    "discord.client:Client.dispatch": {"5ae65b88": "2.4.0 to 2.7.1"},
    "discord.ext.commands.bot:BotBase.dispatch": {"cbb906ca": "2.4.0 to 2.7.1"},
    "discord.gateway:DiscordWebSocket.received_message": {"54ea8a56": "2.5.0 to 2.6.4", "7fccbe30": "2.7.0 to 2.7.1"},
}
"""What ours does the same as, only quicker: where it has another shape, discord.py's own is called, and all works."""

_NEED = re.compile(r"(?P<module>[\w.]+):(?P<path>[\w.]+)(\((?P<parameters>[\w, ]+)\))?( (?P<attribute>\w+))?")


def missing(needs: tuple[str, ...]) -> list[str]:
    """Those of `needs` that the installed discord.py does not have, or not as we know them, in words."""
    return [what for need in needs if (what := _lack(need))]


def _lack(need: str) -> str | None:
    parts = _NEED.fullmatch(need)
    if parts is None:
        raise ValueError(f"not a need: {need!r}")
    found = _find(parts["module"], parts["path"])
    code = getattr(found, "__code__", None)
    passed = set(re.findall(r"\w+", parts["parameters"] or ""))
    if found is None or (parts["attribute"] and (code is None or parts["attribute"] not in code.co_names)):
        return need
    if passed and not _takes(found, passed):
        return need
    path = f"{parts['module']}:{parts['path']}"
    known = SHAPES.get(path)
    if known is not None and not _is_ours(found) and shape(found) not in known:
        return f"{path} as it is in {', '.join(known.values())} (its shape is {shape(found)})"
    return None


def is_as_known(function: object) -> bool:
    """Whether it is a function that ours stands in for, as it is in the versions that are named for it."""
    path = f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', '')}"
    return shape(function) in STOOD_IN_FOR.get(path, ())


def _find(module: str, path: str) -> object | None:
    try:
        found: object = importlib.import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError):
        return None
    return found


def _takes(function: object, names: set[str]) -> bool:
    if not callable(function):
        return False
    parameters = inspect.signature(function).parameters
    return names <= set(parameters) or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _is_ours(function: object) -> bool:
    """Whether it has been replaced already: then discord.py's own was looked at before that."""
    return str(getattr(function, "__module__", "")).startswith("uptime_bot.")


def shape(function: object) -> str | None:
    """8 hex digits for a function's parameters and all names that it touches; None for what has no bytecode."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    kind = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS | inspect.CO_COROUTINE)
    names = {name for part in _codes(code) for name in part.co_names}
    text = " ".join([*parameters, str(kind), "|", *sorted(names)])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
