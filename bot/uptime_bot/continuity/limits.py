"""The figures by which recording keeps its cost and its files within bounds, each with its reason."""

from typing import NamedTuple

MB = 1024 * 1024


class Limits(NamedTuple):
    """Tests choose others; nobody else has a reason to."""

    batch_s: float = 0.25
    """Events are collected for so long and written at once; what a death within it costs is a muted replay."""

    copy_s: float = 5.0
    """How old the position's copy in the state directory may get; it serves where the runtime directory is gone."""

    most_waiting: int = 64 * MB
    """Bytes that wait for a slow disk. A large bot's start is 34 MB (2,000 guilds); beyond, memory is worth more."""

    patience_s: float = 60.0
    """How long a full disk is waited for; meanwhile the position says from where on events are missing."""

    retry_after_s: float = 1.0

    small_journal: int = 4 * MB
    """Read in some milliseconds: not worth compacting."""

    growth: int = 2
    """Compacted when so many times as long as when it was last compact: each byte is then folded about once."""

    small_frames: int = 20_000
    """Compacted as well when there are so many times as many frames as when it was last compact, but not below this:
    a start reads 0.5 million a second, however small they are."""

    bytes_for_a_frame: int = 500
    """Compacting costs by the byte: a frame more is a reason for it only for so many bytes of what was compact."""

    hopeless_growth: int = 8
    hopeless_journal: int = 256 * MB
    """Compaction has failed again and again; beyond the growth plus this, the disk is worth more than the session."""

    settling_s: float = 60.0
    """For so long after READY a journal grows by the guilds that arrive; only what comes later can be folded."""

    compacting_s: float = 300.0
    """A journal of 100 MB takes seconds; on a machine that is busy with better things, minutes."""
