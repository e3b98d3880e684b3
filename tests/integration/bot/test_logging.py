"""What a bot's own logging.basicConfig() asks for happens, and no token gets into its file."""

from pathlib import Path

from harness.bot_process import BOTS, running_bot
from uptime_drill.discord.options import DEMO_TOKEN
from uptime_drill.discord.stand_in import StandIn


async def test_a_bot_that_logs_to_a_file_gets_its_file_and_its_level(tmp_path: Path) -> None:
    file = tmp_path / "mybot.log"
    async with (
        StandIn.listening() as discord,
        running_bot(discord, tmp_path, str(BOTS / "logs_to_a_file.py")) as bot,
    ):
        await bot.ready()
        await bot.until("its file", lambda: file.exists() and "DEBUG mybot: ready with [token tok-" in file.read_text())
        await bot.says("mybot: ready with [token tok-")  # ours is still there
        for text in (file.read_text(), bot.output):
            assert DEMO_TOKEN.rpartition(".")[2] not in text
        assert bot.output.count("mybot: ready with") == 1
