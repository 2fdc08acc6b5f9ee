"""A WebSocket's handshake and echo, as RFC 6455 has them: an upgrade that is answered, and a ping that comes back."""

from __future__ import annotations

import time
from collections.abc import Mapping

from lockstep.deploy.checks import Check, judged, skipped

_TIMEOUT = 10.0
_REFUSALS = (401, 403)
_WANTED = "the upgrade reaches the application, and a ping comes back"
_TODO = "The edge must pass Upgrade and Connection on, over HTTP/1.1; without a login, name one with --header."


def look(url: str, headers: Mapping[str, str]) -> Check:
    """Open *url* (ws or wss) and ping once; an application that refuses strangers has been reached, too."""
    try:
        from websockets.exceptions import InvalidStatus, WebSocketException
        from websockets.sync.client import connect
    except ImportError:
        return skipped("websocket", "the package websockets is not installed", _WANTED, "pip install 'pg-lockstep[serve]'")  # fmt: skip
    try:
        with connect(url, additional_headers=dict(headers), open_timeout=_TIMEOUT) as socket:
            begun = time.monotonic()
            if not socket.ping().wait(_TIMEOUT):
                return judged("websocket", holds=False, saw=f"no pong within {_TIMEOUT:.0f} s", wanted=_WANTED, todo=_TODO)  # fmt: skip
            saw = f"open, and a pong after {(time.monotonic() - begun) * 1000:.0f} ms"
    except InvalidStatus as error:
        status = error.response.status_code
        refused = status in _REFUSALS and not headers
        saw = f"the handshake was answered with {status}" + (
            ": reached, and closed to strangers" if refused else ""
        )
        return judged("websocket", holds=refused, saw=saw, wanted=_WANTED, todo=_TODO)
    except (OSError, WebSocketException) as error:
        saw = f"{type(error).__name__}: {error}"
        return judged("websocket", holds=False, saw=saw, wanted=_WANTED, todo=_TODO)
    return judged("websocket", holds=True, saw=saw, wanted=_WANTED, todo=_TODO)
