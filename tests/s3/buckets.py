"""What buckets hold, and what can be asked of them, by S3's words (Amazon S3 API Reference)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from tests.s3.signing import Asked, Wrong

SMALLEST_PART = 5 << 20
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
PART = re.compile(r"<Part>(.*?)</Part>", re.DOTALL)
MODIFIED = "Tue, 24 Nov 2026 09:00:00 GMT"


@dataclass(slots=True)
class Reply:
    """An answer; a HEAD has the headers of a body that it does not send."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Buckets:
    """Objects by bucket and key; `uploads` are those that come in parts and are not complete."""

    objects: dict[str, dict[str, bytes]] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def do(self, asked: Asked) -> Reply:
        """Carry out a request. Raises Wrong."""
        bucket, _, key = unquote(asked.path).removeprefix("/").partition("/")
        query = dict(parse_qsl(asked.query, keep_blank_values=True))
        if bucket not in self.objects and (key or asked.method != "PUT"):
            raise Wrong(404, "NoSuchBucket", "The specified bucket does not exist")
        told = next((word for word in ("uploads", "uploadId", "list-type") if word in query), "")
        work = WORK.get((asked.method, bool(key), told))
        if work is None:
            raise Wrong(405, "MethodNotAllowed", "The specified method is not allowed")
        return work(self, One(bucket, key, query, asked))

    def content(self, one: One) -> bytes:
        """Of an object. Raises Wrong."""
        if one.key not in self.objects[one.bucket]:
            raise Wrong(404, "NoSuchKey", "The specified key does not exist.")
        return self.objects[one.bucket][one.key]

    def parts(self, one: One) -> dict[int, bytes]:
        """Of an upload. Raises Wrong."""
        if one.query["uploadId"] not in self.uploads:
            raise Wrong(404, "NoSuchUpload", "The specified upload does not exist.")
        return self.uploads[one.query["uploadId"]]


@dataclass(frozen=True, slots=True)
class One:
    """What one request is about."""

    bucket: str
    key: str
    query: Mapping[str, str]
    asked: Asked


def etag(content: bytes) -> str:
    """As S3 makes it of what came in one piece."""
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


def _xml(name: str, inner: str) -> Reply:
    body = f'<?xml version="1.0" encoding="UTF-8"?><{name}>{inner}</{name}>'
    return Reply(200, body.encode(), {"Content-Type": "application/xml"})


def _make(buckets: Buckets, one: One) -> Reply:
    buckets.objects.setdefault(one.bucket, {})
    return Reply()


def _there(_buckets: Buckets, _one: One) -> Reply:
    return Reply()


def _list(buckets: Buckets, one: One) -> Reply:
    prefix = one.query.get("prefix", "")
    found = {
        key: body
        for key, body in sorted(buckets.objects[one.bucket].items())
        if key.startswith(prefix)
    }
    lines = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{len(body)}</Size><ETag>{escape(etag(body))}</ETag>"
        "<LastModified>2026-11-24T09:00:00.000Z</LastModified></Contents>"
        for key, body in found.items()
    )
    count = f"<KeyCount>{len(found)}</KeyCount><IsTruncated>false</IsTruncated>"
    return _xml("ListBucketResult", f"<Prefix>{escape(prefix)}</Prefix>{count}{lines}")


def _put(buckets: Buckets, one: One) -> Reply:
    buckets.objects[one.bucket][one.key] = one.asked.body
    return Reply(headers={"ETag": etag(one.asked.body)})


def _get(buckets: Buckets, one: One) -> Reply:
    content = buckets.content(one)
    headers = {"ETag": etag(content), "Last-Modified": MODIFIED, "Accept-Ranges": "bytes"}
    wanted = RANGE.fullmatch(one.asked.headers.get("range", ""))
    if wanted is None:
        return Reply(200, content, headers)
    start, end = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
    if start >= len(content):
        raise Wrong(416, "InvalidRange", "The requested range is not satisfiable")
    headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
    return Reply(206, content[start : end + 1], headers)


def _delete(buckets: Buckets, one: One) -> Reply:
    """204, also for what is not there."""
    buckets.objects[one.bucket].pop(one.key, None)
    return Reply(204)


def _begin(buckets: Buckets, one: One) -> Reply:
    name = f"upload-{len(buckets.uploads) + 1}"
    buckets.uploads[name] = {}
    named = f"<Bucket>{one.bucket}</Bucket><Key>{escape(one.key)}</Key>"
    return _xml("InitiateMultipartUploadResult", f"{named}<UploadId>{name}</UploadId>")


def _part(buckets: Buckets, one: One) -> Reply:
    buckets.parts(one)[int(one.query["partNumber"])] = one.asked.body
    return Reply(headers={"ETag": etag(one.asked.body)})


def _complete(buckets: Buckets, one: One) -> Reply:
    parts, listed = buckets.parts(one), PART.findall(one.asked.body.decode())
    numbers = [int(re.findall(r"<PartNumber>(\d+)<", part)[0]) for part in listed]
    tags = [re.findall(r"<ETag>(.+?)</ETag>", part)[0].replace("&quot;", '"') for part in listed]
    if numbers != sorted(set(numbers)):
        raise Wrong(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
    if [etag(parts.get(number, b"")) for number in numbers] != tags:
        raise Wrong(400, "InvalidPart", "One or more of the specified parts could not be found.")
    if any(len(parts[number]) < SMALLEST_PART for number in numbers[:-1]):
        raise Wrong(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum.")
    buckets.objects[one.bucket][one.key] = b"".join(parts[number] for number in numbers)
    del buckets.uploads[one.query["uploadId"]]
    return _xml("CompleteMultipartUploadResult", f"<Key>{escape(one.key)}</Key><ETag>whole</ETag>")


def _abort(buckets: Buckets, one: One) -> Reply:
    buckets.parts(one)
    del buckets.uploads[one.query["uploadId"]]
    return Reply(204)


WORK: Mapping[tuple[str, bool, str], Callable[[Buckets, One], Reply]] = MappingProxyType(
    {
        ("PUT", False, ""): _make,
        ("HEAD", False, ""): _there,
        ("GET", False, "list-type"): _list,
        ("PUT", True, ""): _put,
        ("GET", True, ""): _get,
        ("HEAD", True, ""): _get,
        ("DELETE", True, ""): _delete,
        ("POST", True, "uploads"): _begin,
        ("PUT", True, "uploadId"): _part,
        ("POST", True, "uploadId"): _complete,
        ("DELETE", True, "uploadId"): _abort,
    }
)
"""By method, whether it is about an object, and what the query asks for."""
