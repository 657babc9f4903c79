"""From which network address a request comes: what limits, lock-outs and the log of failed sign-ins count by."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The visitor's address, behind PROXY_COUNT proxies; "" where there is none (a UNIX socket).

    Each proxy adds the address it was asked from to the right end of X-Forwarded-For. Ours are the last PROXY_COUNT
    entries; whatever the visitor wrote into the header himself stands left of them and is never read.
    """
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if settings.PROXY_COUNT and hops:
        found = plain_address(hops[-min(settings.PROXY_COUNT, len(hops))])
        if found:
            return found
    return plain_address(request.META.get("REMOTE_ADDR", ""))


def plain_address(text: str) -> str:
    """The address without port, brackets and zone; "" for what is none. IPv4 in IPv6 dress is plain IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed)


def sender(request: HttpRequest) -> str:
    """The address that counts: of IPv6 the network of one connection, whose owner has 2^64 addresses to change to."""
    address = client_address(request)
    if ":" in address:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return address
