"""Noise enhancement: what plugins offer, and what a call has chosen of it."""
