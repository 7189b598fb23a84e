"""Asks a Home Assistant by its web socket: ask.py URL TOKEN COMMAND. It runs in its userland."""

import asyncio
import json
import sys

import aiohttp  # type: ignore[import-not-found]


async def ask(url: str, token: str, command: str) -> str:
    """Return the answer to one command, both as JSON."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/api/websocket") as ws:
        await ws.receive_json()
        await ws.send_json({"type": "auth", "access_token": token})
        assert (await ws.receive_json())["type"] == "auth_ok"
        await ws.send_json({"id": 1, **json.loads(command)})
        return json.dumps(await ws.receive_json())


if __name__ == "__main__":
    print(asyncio.run(ask(*sys.argv[1:])))
