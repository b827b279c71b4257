"""AWS Signature Version 4 of a request, checked as S3 does (AWS: Authenticating Requests, Authorization Header)."""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

ALGORITHM = "AWS4-HMAC-SHA256"
AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=([^/, ]+)/(\d{{8}})/([a-z0-9-]+)/s3/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
MOST_SKEW = timedelta(minutes=15)
STAMP = "%Y%m%dT%H%M%SZ"
MUST_BE_SIGNED = frozenset({"host", "x-amz-content-sha256", "x-amz-date"})
CRC32 = "x-amz-checksum-crc32"


class Wrong(Exception):
    """A refusal, by S3's own word for it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: `path` and `query` as they were sent, the headers' names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def check(asked: Asked, secrets: Mapping[str, str], region: str, at: datetime) -> None:
    """Raise Wrong unless the request is signed with a key that is known, for this region, now, over this body."""
    said = AUTHORIZATION.fullmatch(asked.headers.get("authorization", ""))
    if said is None:
        raise Wrong(403, "AccessDenied", "Access Denied")
    key, day, their_region, signed, signature = said.groups()
    if key not in secrets:
        text = "The AWS Access Key Id you provided does not exist in our records."
        raise Wrong(403, "InvalidAccessKeyId", text)
    stamp = asked.headers.get("x-amz-date", "")
    _check_scope(stamp, day, their_region == region, at)
    if not set(signed.split(";")) >= MUST_BE_SIGNED:
        raise Wrong(
            403, "AccessDenied", "There were headers present in the request which were not signed"
        )
    scope = f"{day}/{region}/s3/aws4_request"
    wanted = _signature(asked, signed, stamp, scope, _key(secrets[key], day, region))
    if not hmac.compare_digest(wanted, signature):
        text = "The request signature we calculated does not match the signature you provided."
        raise Wrong(403, "SignatureDoesNotMatch", text)
    _check_body(asked)


def _check_scope(stamp: str, day: str, is_here: bool, at: datetime) -> None:
    if not is_here:
        raise Wrong(400, "AuthorizationHeaderMalformed", "The authorization header is malformed")
    try:
        sent = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise Wrong(403, "AccessDenied", "AWS authentication requires a valid Date") from None
    if stamp[:8] != day or abs(sent - at) > MOST_SKEW:
        raise Wrong(403, "RequestTimeTooSkewed", "The difference between the times is too large.")


def _check_body(asked: Asked) -> None:
    digest = hashlib.sha256(asked.body).hexdigest()
    if asked.headers.get("x-amz-content-sha256") != digest:
        raise Wrong(400, "XAmzContentSHA256Mismatch", "The digest does not fit the body.")
    told = asked.headers.get(CRC32)
    if told and told != b64encode(zlib.crc32(asked.body).to_bytes(4, "big")).decode():
        raise Wrong(400, "BadDigest", "The checksum does not fit the body.")


def _signature(asked: Asked, signed: str, stamp: str, scope: str, key: bytes) -> str:
    canonical = hashlib.sha256(_canonical(asked, signed).encode()).hexdigest()
    return hmac.new(
        key, f"{ALGORITHM}\n{stamp}\n{scope}\n{canonical}".encode(), "sha256"
    ).hexdigest()


def _canonical(asked: Asked, signed: str) -> str:
    pairs = sorted(part if "=" in part else f"{part}=" for part in asked.query.split("&") if part)
    headers = "".join(
        f"{name}:{' '.join(asked.headers.get(name, '').split())}\n" for name in signed.split(";")
    )
    payload = asked.headers.get("x-amz-content-sha256", "")
    return "\n".join([asked.method, asked.path, "&".join(pairs), headers, signed, payload])


def _key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
