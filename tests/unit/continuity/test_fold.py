"""Quirks of discord.py that folding repeats, one by one; that all of it is right is the law's affair (test_law.py)."""

from typing import Any

import pytest

from uptime_bot.continuity.fold import CORRECTIONS, FoldedGuild, Policy, UnfoldableError, dump, fold, load, stub

EVERYTHING = Policy(self_id=1, shared_users=True, joined=True, voice=True, expressions=True)
VOICE_ONLY = Policy(self_id=1, shared_users=False, joined=False, voice=True, expressions=True)


def _user(user_id: int, name: str = "somebody") -> dict[str, Any]:
    return {"id": str(user_id), "username": name, "discriminator": "0", "avatar": None}


def _member(user_id: int, name: str = "somebody") -> dict[str, Any]:
    return {"user": _user(user_id, name), "roles": [], "flags": 0, "joined_at": "2026-11-01T10:00:00+00:00"}


def _channel(channel_id: int, of_type: int = 0) -> dict[str, Any]:
    voice = {"bitrate": 1, "user_limit": 0} if of_type == 2 else {}
    return {"id": str(channel_id), "type": of_type, "name": "c", "position": 0, **voice}


def _guild(policy: Policy = EVERYTHING, **more: Any) -> FoldedGuild:
    return stub({"id": "10", "name": "g", "member_count": 250, **more}, policy)


def _folded(guild: FoldedGuild, event: str, data: dict[str, Any]) -> dict[str, Any]:
    folded = fold(guild, event, data, guild.policy)
    assert folded is not None
    return dump(folded)


class TestOfTheGuild:
    """GUILD_CREATE, GUILD_UPDATE, GUILD_DELETE."""

    def test_an_update_takes_roles_that_it_does_not_name_and_leaves_channels(self) -> None:
        """Guild._from_data()."""
        guild = _guild(roles=[{"id": "5", "name": "r"}], channels=[_channel(7)])
        after = _folded(guild, "GUILD_UPDATE", {"id": "10", "name": "new"})
        assert (after["name"], after["roles"], len(after["channels"]), after["member_count"]) == ("new", [], 1, 250)

    def test_large_is_worked_out_only_when_a_guild_is_parsed(self) -> None:
        """Guild._large stays when the count changes."""
        after = _folded(_guild(), "GUILD_MEMBER_REMOVE", {"guild_id": "10", "user": _user(9)})
        assert (after["member_count"], after[CORRECTIONS]) == (249, {"large": True})

    def test_an_outage_leaves_everything(self) -> None:
        """What is known of a guild that is unavailable stays, marked."""
        after = _folded(_guild(channels=[_channel(7)]), "GUILD_DELETE", {"id": "10", "unavailable": True})
        assert (after["unavailable"], len(after["channels"])) == (True, 1)

    def test_a_guild_that_was_left_is_not_known(self) -> None:
        """Nor is anything that is said of it afterwards."""
        assert fold(_guild(), "GUILD_DELETE", {"id": "10"}, EVERYTHING) is None
        assert fold(None, "CHANNEL_CREATE", _channel(7) | {"guild_id": "10"}, EVERYTHING) is None

    def test_the_end_of_an_outage_adds_to_what_was_known(self) -> None:
        """ConnectionState._get_create_guild()."""
        guild = _guild(channels=[_channel(7)])
        after = _folded(guild, "GUILD_CREATE", {"id": "10", "unavailable": False, "channels": [_channel(8)]})
        assert [channel["id"] for channel in after["channels"]] == ["7", "8"]


class TestOfMembers:
    """GUILD_MEMBER_*, PRESENCE_UPDATE, VOICE_STATE_UPDATE."""

    def test_someone_who_is_known_is_neither_added_nor_counted(self) -> None:
        """parse_guild_member_add()."""
        after = _folded(_guild(members=[_member(9)]), "GUILD_MEMBER_ADD", _member(9, "new") | {"guild_id": "10"})
        assert (after["member_count"], after["members"][0]["user"]["username"]) == (250, "somebody")

    def test_an_update_leaves_what_it_does_not_say_of_nick_and_resets_the_rest(self) -> None:
        """Member._update()."""
        guild = _guild(members=[_member(9) | {"nick": "n", "avatar": "a"}])
        after = _folded(guild, "GUILD_MEMBER_UPDATE", {"guild_id": "10", "user": _user(9, "new"), "roles": ["5"]})
        (member,) = after["members"]
        assert (member["nick"], member.get("avatar"), member["roles"], member["flags"]) == ("n", None, ["5"], 0)
        assert (member["user"]["username"], member["joined_at"]) == ("new", "2026-11-01T10:00:00+00:00")

    def test_only_who_talks_is_kept(self) -> None:
        """MemberCacheFlags.voice alone: until they leave the channel."""
        guild = _guild(VOICE_ONLY, channels=[_channel(7, 2)])
        talks = {"guild_id": "10", "user_id": "9", "channel_id": "7", "member": _member(9)}
        assert len(_folded(guild, "VOICE_STATE_UPDATE", talks)["members"]) == 1
        assert _folded(guild, "VOICE_STATE_UPDATE", talks | {"channel_id": None})["members"] == []

    def test_a_voice_state_keeps_a_channel_that_is_gone(self) -> None:
        """VoiceState.channel is an object."""
        guild = _guild(channels=[_channel(7, 2)], voice_states=[{"user_id": "9", "channel_id": "7"}])
        after = _folded(guild, "CHANNEL_DELETE", {"guild_id": "10", "id": "7"})
        assert (after["voice_states"][0]["channel_id"], after[CORRECTIONS]) == (
            "0",
            {"voice_channels": {"9": _channel(7, 2)}},
        )


class TestWhatCannotBeFolded:
    """Such an event stays one."""

    @pytest.mark.parametrize(
        ("event", "data"),
        [
            ("NEVER_HEARD_OF", {}),
            ("CHANNEL_UPDATE", _channel(7, 2)),
            ("CHANNEL_UPDATE", {"id": "7", "type": 0}),
            ("GUILD_MEMBER_UPDATE", {"user": _user(9)}),
        ],
        ids=["unknown", "another class", "no name", "no roles"],
    )
    def test_raises(self, event: str, data: dict[str, Any]) -> None:
        """UnfoldableError."""
        guild = _guild(channels=[_channel(7)], members=[_member(9)])
        with pytest.raises(UnfoldableError):
            fold(guild, event, data | {"guild_id": "10"}, EVERYTHING)


def test_a_frame_gives_back_the_guild() -> None:
    """load() of dump()."""
    guild = _guild(members=[_member(9)], channels=[_channel(7, 2)], voice_states=[{"user_id": "9", "channel_id": "7"}])
    fold(guild, "CHANNEL_DELETE", {"guild_id": "10", "id": "7"}, EVERYTHING)
    assert dump(load(dump(guild), EVERYTHING, {})) == dump(guild)


def test_a_policy_survives_json() -> None:
    """And what is none is refused."""
    assert Policy.from_dict(EVERYTHING.to_dict()) == EVERYTHING
    with pytest.raises(ValueError, match="policy"):
        Policy.from_dict(EVERYTHING.to_dict() | {"joined": 1})


def test_another_asset_of_the_same_decoration_is_not_noticed() -> None:
    """Member._update_inner_user() compares SKUs; with another change, the asset comes along."""
    old, new = ({"sku_id": "1", "asset": asset} for asset in ("old", "new"))
    guild = _guild(members=[_member(9) | {"user": _user(9) | {"avatar_decoration_data": old}}])
    for name, decoration in (("somebody", old), ("renamed", new)):
        user = _user(9, name) | {"avatar_decoration_data": new}
        after = _folded(guild, "GUILD_MEMBER_UPDATE", {"guild_id": "10", "user": user, "roles": []})
        assert after["members"][0]["user"]["avatar_decoration_data"] == decoration
