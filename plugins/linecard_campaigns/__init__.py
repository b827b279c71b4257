"""Outbound campaigns: leads, lawful hours, retries, durable dialling."""
