"""Calls whose audio and agent are in pods: what this side of their links does."""
