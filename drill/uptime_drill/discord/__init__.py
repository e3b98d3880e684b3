"""A stand-in for Discord: REST and gateway as Discord documents them, with faults on command."""

from uptime_drill.discord.faults import Fault, FaultKind, FaultRefused
from uptime_drill.discord.options import DEMO_APPLICATION_ID, DEMO_TOKEN, GatewayRules, Options, RestRules
from uptime_drill.discord.stand_in import StandIn

__all__ = [
    "DEMO_APPLICATION_ID",
    "DEMO_TOKEN",
    "Fault",
    "FaultKind",
    "FaultRefused",
    "GatewayRules",
    "Options",
    "RestRules",
    "StandIn",
]
