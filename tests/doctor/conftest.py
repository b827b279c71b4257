from tests.calls.conftest import world

__all__ = ["world"]
