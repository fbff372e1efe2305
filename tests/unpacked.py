"""What a report's page unpacks when a reader asks for it: texts that must be looked at like those that stand there."""

from __future__ import annotations

import base64
import zlib

_BEGIN = '<script type="text/plain" id="late">'


def unpacked(page: str) -> str:
    """The packed block of a page, as JSON."""
    packed = page.split(_BEGIN)[1].split("</script>", maxsplit=1)[0]
    return zlib.decompress(base64.b64decode(packed, validate=True)).decode("utf-8")
