"""Plivo, as a provider of Linecard."""


class Plivo:
    """Placeholder while the house is built."""
