"""Forgetting a person, and calls that are old enough: one transaction, and durable work for what is no row."""
