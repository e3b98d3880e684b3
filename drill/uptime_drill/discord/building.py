"""Puts the parts of a stand-in together, from its options."""

from uptime_drill.discord.budgets import InvalidRequests, SessionStarts, SlidingWindow
from uptime_drill.discord.fault_desk import FaultDesk
from uptime_drill.discord.gateway import Gateway
from uptime_drill.discord.house import House
from uptime_drill.discord.interactions import InteractionBook
from uptime_drill.discord.logbook import Logbook
from uptime_drill.discord.member_requests import MemberRequests
from uptime_drill.discord.options import Options
from uptime_drill.discord.rest.buckets import BucketTable
from uptime_drill.discord.rest.commands import CommandBook
from uptime_drill.discord.sessions import SessionTable
from uptime_drill.discord.tokens import TokenRing
from uptime_drill.discord.world import World


def build_house(options: Options, log: Logbook) -> House:
    world = World(
        application_id=options.application_id,
        guild_count=options.guilds,
        members_per_guild=options.members,
        channels_per_guild=options.channels,
        furnished=options.furnished,
    )
    faults = FaultDesk(log)
    rest = options.rest
    return House(
        options=options,
        world=world,
        log=log,
        faults=faults,
        gateway=_gateway(options, world, faults, log),
        commands=CommandBook(options.application_id, world.ids),
        interactions=InteractionBook(),
        invalid_requests=InvalidRequests(limit=rest.invalid_requests, window_s=rest.invalid_window_s, ban_s=rest.ban_s),
        requests=SlidingWindow(rest.requests_per_second, 1.0),
        buckets=BucketTable(rest),
    )


def _gateway(options: Options, world: World, faults: FaultDesk, log: Logbook) -> Gateway:
    rules = options.gateway
    return Gateway(
        options=options,
        world=world,
        tokens=TokenRing(options.tokens),
        faults=faults,
        log=log,
        starts=SessionStarts(
            total=rules.session_starts,
            window_s=rules.session_start_window_s,
            max_concurrency=rules.max_concurrency,
            interval_s=rules.identify_interval_s,
        ),
        sessions=SessionTable(rules.resume_window_s),
        member_requests=MemberRequests(world, rules.member_request_interval_s),
    )
