"""Send a command to Home Assistant's web socket: ask.py URL TOKEN COMMAND, in the userland."""

import asyncio
import json
import sys

import aiohttp  # type: ignore[import-not-found]


async def ask(url: str, token: str, command: str) -> str:
    """Send a command and return the answer, both as JSON."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/api/websocket") as ws:
        await ws.receive_json()
        await ws.send_json({"type": "auth", "access_token": token})
        assert (await ws.receive_json())["type"] == "auth_ok"
        await ws.send_json({"id": 1, **json.loads(command)})
        return json.dumps(await ws.receive_json())


if __name__ == "__main__":
    print(asyncio.run(ask(*sys.argv[1:])))
