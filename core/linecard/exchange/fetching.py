"""Fetching a file that a carrier names, so that neither our credentials nor our network are given away.

Credentials go to the provider's own hosts alone, over https (http on loopback, for a simulated
carrier). A redirect elsewhere is followed without them, to addresses on the public internet alone;
the address that was checked is the one that is asked.
"""

from __future__ import annotations

import httpx2

from linecard.carrier import Download
from linecard.errors import CarrierUnavailable
from linecard.outgoing.public import HTTPS, NotAllowed, checked_addresses
from linecard.settings.loopback import is_loopback

TIMEOUT = httpx2.Timeout(20.0, connect=3.0)
MOST_REDIRECTS = 3


class WrongAddress(CarrierUnavailable):
    """The address is none that may be asked, now or later."""


async def fetch(client: httpx2.AsyncClient, provider: str, download: Download) -> httpx2.Response:
    """The file's response, its body not read yet. Raises CarrierUnavailable, of it WrongAddress."""
    try:
        answer = await _follow(client, provider, download)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise CarrierUnavailable(provider, f"the recording did not come: {error!r}") from error
    if answer.status_code != 200:
        await answer.aclose()
        raise CarrierUnavailable(
            provider, f"the recording answered {answer.status_code}", status=answer.status_code
        )
    return answer


async def _follow(client: httpx2.AsyncClient, provider: str, download: Download) -> httpx2.Response:
    url = httpx2.URL(download.url)
    if not _is_ours(download, url):
        raise WrongAddress(provider, f"the recording is on {url.host}, not one of its hosts")
    for _ in range(MOST_REDIRECTS + 1):
        request = await _request(client, provider, download, url)
        answer = await client.send(request, stream=True)
        if not answer.has_redirect_location:
            return answer
        await answer.aclose()
        url = url.join(answer.headers["location"])
    raise CarrierUnavailable(provider, "the recording is redirected too often")


def _is_ours(download: Download, url: httpx2.URL) -> bool:
    """Whether an address is on the provider's own hosts; a port of its own must be named with the host."""
    return not url.userinfo and url.netloc.decode("ascii") in download.hosts


async def _request(
    client: httpx2.AsyncClient, provider: str, download: Download, url: httpx2.URL
) -> httpx2.Request:
    ours = _is_ours(download, url)
    if url.scheme != "https" and not (ours and is_loopback(url.host)):
        raise WrongAddress(provider, f"the recording on {url.host} is not offered over https")
    headers = {"Accept-Encoding": "identity"}
    if ours:
        known = {"Authorization": download.authorization} if download.authorization else {}
        return client.build_request("GET", url, headers=headers | known)
    address = await _public_address(provider, url)
    pinned, asked = url.copy_with(host=address), {"sni_hostname": url.host}
    headers["Host"] = url.netloc.decode("ascii")
    return client.build_request("GET", pinned, headers=headers, extensions=asked)


async def _public_address(provider: str, url: httpx2.URL) -> str:
    try:
        return (await checked_addresses(url.host, url.port or HTTPS))[0]
    except NotAllowed as error:
        raise WrongAddress(provider, f"the recording is redirected, and {error}") from error
