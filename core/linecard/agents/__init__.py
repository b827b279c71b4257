"""Voice agents: how they are declared, found and run."""

from linecard.agents.declared import Agent, agent
from linecard.agents.registry import Agents
from linecard.agents.running import run_agent

__all__ = ["Agent", "Agents", "agent", "run_agent"]
