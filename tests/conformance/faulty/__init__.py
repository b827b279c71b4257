"""Providers that do one thing wrong, each with the name of the check that must catch it."""
