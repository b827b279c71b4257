"""Outbound campaigns: leads, lawful hours, retries, durable dialling."""

from linecard_campaigns.plugin import Campaigns

__all__ = ["Campaigns"]
