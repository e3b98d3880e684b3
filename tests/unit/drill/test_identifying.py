"""What Discord checks in an IDENTIFY."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptime_drill.discord.identifying import IdentifyRefused, check_intents, check_sharding, parse_identify
from uptime_drill.discord.intents import KNOWN, PRIVILEGED, Intent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("token", "intents", "shard", "properties", "large_threshold", "compress")


@given(st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON)
def test_anything_at_all_is_read_or_refused_with_a_documented_code(data: Any) -> None:
    code, asked = None, None
    try:
        asked = parse_identify(data)
    except IdentifyRefused as refused:
        code = refused.code
    assert code in (None, 4002, 4010, 4013)
    assert asked is None or 0 <= asked.shard[0] < asked.shard[1]


def test_a_token_does_not_show() -> None:
    asked = parse_identify({"token": "secret", "intents": 0, "properties": {}})
    assert "secret" not in repr(asked)


@given(st.integers(0, int(KNOWN)).map(Intent), st.integers(0, int(PRIVILEGED)).map(Intent))
def test_only_privileged_intents_that_are_not_granted_are_disallowed(asked: Intent, granted: Intent) -> None:
    disallowed = any(intent in asked and intent not in granted for intent in PRIVILEGED)
    if disallowed:
        with pytest.raises(IdentifyRefused, match="DISALLOWED_INTENTS"):
            check_intents(asked, granted)
    else:
        check_intents(asked, granted)


@pytest.mark.parametrize(("guilds", "shards", "refused"), [(2500, 1, False), (2501, 1, True), (2501, 2, False)])
def test_sharding_is_required_beyond_2500_guilds_a_shard(guilds: int, shards: int, refused: bool) -> None:
    if refused:
        with pytest.raises(IdentifyRefused, match="SHARDING_REQUIRED"):
            check_sharding((0, shards), guilds=guilds, guilds_per_shard=2500)
    else:
        check_sharding((0, shards), guilds=guilds, guilds_per_shard=2500)
