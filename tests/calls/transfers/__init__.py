"""Every transfer: ways x carriers x outcomes, and whoever leaves at every step of each."""
