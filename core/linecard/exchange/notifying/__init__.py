"""Notifications out: written with the facts that they tell, delivered by the outbox.

Imports nothing of its own here, so that the parts can be used by what stands below the outbox.
"""
