"""Calls that go out: the gate every number passes, and the dial protocol."""
