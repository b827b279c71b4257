"""Voice agents: declared, found by name, and run once per call."""

from linecard.agents.declare import Agent, agent
from linecard.agents.registry import Agents
from linecard.agents.running import run_agent

__all__ = ["Agent", "Agents", "agent", "run_agent"]
