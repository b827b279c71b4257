"""Every order of a call's callbacks, with repeats and losses: captured once, delivered in all ways."""
