"""An agent beside a server of the same user finds neither its environment nor its memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROCESS = """
import ctypes, os, subprocess, sys
from linecard.pods.privacy import PR_SET_DUMPABLE, keep_private

if os.getuid() == 0:  # root reads everything
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
if "private" in sys.argv:
    keep_private()
print("starts processes:", subprocess.run(["true"]).returncode == 0, flush=True)
if os.fork() == 0:
    try:
        print("found:", "a-secret" in open(f"/proc/{os.getppid()}/environ").read())
    except PermissionError:
        print("found: nothing")
else:
    os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc elsewhere")
@pytest.mark.parametrize(("how", "found"), [("private", "nothing"), ("open", "True")])
def test_another_process_of_the_user_reads_what_is_not_private(how: str, found: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROCESS, how],
        env={**os.environ, "SECRET": "a-secret"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.splitlines() == ["starts processes: True", f"found: {found}"]
