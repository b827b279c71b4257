"""The conformance kit: every check, for one provider."""

from __future__ import annotations

import pytest

from linecard.testing.callbacks import Callbacks
from linecard.testing.declarations import Declarations
from linecard.testing.documents import Documents
from linecard.testing.parametrising import parametrise
from linecard.testing.purity import Purity
from linecard.testing.requests import Requests
from linecard.testing.streams import Streams
from linecard.testing.verification import Verification
from linecard.testing.whole_calls import WholeCalls


class ProviderConformance(
    Declarations, Callbacks, Verification, Documents, Streams, Requests, Purity, WholeCalls
):
    """Derive from it, name it `Test...`, and fill in what `linecard.testing.case.Case` lists."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give each check its samples."""
        parametrise(metafunc)
