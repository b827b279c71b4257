"""What private things look like, wherever they stand.

Carriers' requests are looked through while calls wait: each of these takes time in step with the text.
"""

from __future__ import annotations

import re

SECRET_NAME = re.compile(
    r"token|secret|passw|signature|credential|authori[sz]ation|api_?key|auth_?key|^auth$|proof|cookie|user$",
    re.IGNORECASE,
)
"""Fields whose value is never written."""
DIGIT_NAME = re.compile(r"^_?(send_?)?(digits?|dtmf)(_?digits?)?$", re.IGNORECASE)
"""Fields that hold keys a person has pressed."""
TIME_NAME = re.compile(r"time|stamp|date|epoch|sequence", re.IGNORECASE)
"""Fields that hold moments and counters, which look like telephone numbers and are none."""
NUMBER_NAME = re.compile(
    r"from|to$|^to|call(er|ed)|number|phone|mobile|destination|whom|msisdn", re.IGNORECASE
)
"""Fields that hold telephone numbers however they are written."""
AUDIO_NAME = re.compile(r"payload|audio", re.IGNORECASE)

URL = re.compile(r"\b(?:https?|wss?)://[^\s\"'<>\\]+")
STREAM_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_-])([A-Za-z0-9_-]{40,})\.[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])"
)
OUR_TOKEN = re.compile(r"((?:[?&;]|%26|%3F)t(?:=|%3D))[A-Za-z0-9_-]+", re.IGNORECASE)
PROOF = re.compile(r"\b([0-9a-f]{20})(?:\.|%2E)[0-9a-f]{32}\b")
QUERY_VALUE = re.compile(r"([?&;][^=&;#?]*=)[^&;#]+")
USER = re.compile(r"(?<=://)[^/@\s]+@")
CREDENTIALS = re.compile(r"\b(basic|bearer)\s+[A-Za-z0-9+/=._~-]{6,}", re.IGNORECASE)
PRESSED_IN_XML = re.compile(
    r"(\b(?:send)?digits\s*=\s*\"|\b(?:send)?digits\s*=\s*'|<dtmf\b[^<>]*>)([^\"'<]*)",
    re.IGNORECASE,
)
NUMBER = re.compile(r"(?:%2B|\+)\d{8,15}(?!\d)|(?<![\w.\-])\d{10,15}(?![\w\-]|\.\d)")
BARE_NUMBER = re.compile(r"(?:%2B|\+)\d{7,15}(?!\d)|(?<![\w.\-])\d{7,15}(?![\w\-]|\.\d)")
"""The same, in a field that is known to hold one."""
KEY = re.compile(r"[0-9A-D*#]")
SUSPECT = re.compile(
    r"://|[=<]|%3D|(?:\.|%2E)[A-Za-z0-9_-]{32}|\b(?:basic|bearer)\s", re.IGNORECASE
)
"""What stands in every text in which an address, a token, credentials or a document could be found."""
