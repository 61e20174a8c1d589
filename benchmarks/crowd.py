"""The crowd of `benchmarks.stuffing`, in a process of its own: people who sign in by the page in
browsers that their accounts know, and a list of stolen passwords tried from many addresses.

Each address has a connection of its own, and so has each sign-in of a person. All wait for an
answer before they go on, so nobody asks faster than told; where they come from is told as a proxy
would.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import sys
import time
from dataclasses import asdict, dataclass, field
from statistics import quantiles
from urllib.parse import urlencode

_HIDDEN = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_DEVICE_COOKIE = "portero_device"


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    password: str
    address: str


@dataclass(frozen=True, slots=True)
class Job:
    """`people` sign in each `pause_seconds`; each of `tries` is (name, password), in turn, and each
    of `addresses` makes one a second. `devices` are the people's cookies, '' for a new browser."""

    port: int
    seconds: float
    pause_seconds: float
    people: list[Person]
    devices: list[str]
    tries: list[tuple[str, str]] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Told:
    """`sign_in_seconds` are those of the page and its form together, of people."""

    sign_in_seconds: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    attack: dict[str, int] = field(default_factory=dict)
    first_challenge_seconds: float = 0.0

    @property
    def p95(self) -> float:
        return quantiles(self.sign_in_seconds, n=100)[94]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    cookies: dict[str, str]
    body: str


class Line:
    """One keep-alive connection from one address."""

    def __init__(self, port: int, address: str) -> None:
        self._port = port
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self, method: str, path: str, media_type: str, body: str, cookies: dict[str, str]
    ) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        host = f"127.0.0.1:{self._port}"
        held = "; ".join(f"{name}={value}" for name, value in cookies.items())
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-For: {self._address}\r\n"
            f"X-Forwarded-Proto: http\r\nOrigin: http://{host}\r\nContent-Type: {media_type}\r\n"
            f"Cookie: {held}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write((head + body).encode())
        answered = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = [line.partition(": ") for line in answered.split("\r\n")[1:] if line]
        length = next(int(value) for name, _, value in fields if name.lower() == "content-length")
        content = (await reader.readexactly(length)).decode()
        if any(name.lower() == "connection" and value == "close" for name, _, value in fields):
            self.close()
        set_cookies = [value for name, _, value in fields if name.lower() == "set-cookie"]
        pairs = [each.partition(";")[0].partition("=") for each in set_cookies]
        return Answer(int(answered[9:12]), {name: value for name, _, value in pairs}, content)

    def close(self) -> None:
        """The next request opens it again."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def crowd(job: Job) -> Told:
    told = Told(devices=list(job.devices))
    ends_at = time.perf_counter() + job.seconds
    tries = iter(job.tries)
    began = time.perf_counter()

    async def person(number: int) -> None:
        who = job.people[number]
        await asyncio.sleep(job.pause_seconds * number / len(job.people))
        while time.perf_counter() < ends_at:
            started, line = time.perf_counter(), Line(job.port, who.address)
            device = told.devices[number]
            cookies = {_DEVICE_COOKIE: device} if device else {}
            page = await line.ask("GET", "/sign-in", "text/html", "", cookies)
            cookies |= page.cookies
            form = _hidden(page.body) | {"username": who.username, "password": who.password}
            kind = "application/x-www-form-urlencoded"
            answer = await line.ask("POST", "/sign-in", kind, urlencode(form), cookies)
            took = time.perf_counter() - started
            line.close()
            if answer.status == 303:
                told.sign_in_seconds.append(took)
                told.devices[number] = answer.cookies.get(_DEVICE_COOKIE, device)
            else:
                told.refused.append(f"{answer.status}: {answer.body[:200]}")
            await asyncio.sleep(max(0.0, job.pause_seconds - took))

    async def address(number: int) -> None:
        line = Line(job.port, job.addresses[number])
        await asyncio.sleep(number / len(job.addresses))
        while time.perf_counter() < ends_at and (guess := next(tries, None)):
            started = time.perf_counter()
            body = json.dumps({"username": guess[0], "password": guess[1]})
            answer = await line.ask("POST", "/login", "application/json", body, {})
            code = json.loads(answer.body).get("code", "") if answer.status != 200 else ""
            said = f"{answer.status} {code}".strip()
            told.attack[said] = told.attack.get(said, 0) + 1
            if code == "challenge_required" and not told.first_challenge_seconds:
                told.first_challenge_seconds = time.perf_counter() - began
            await asyncio.sleep(max(0.0, 1.0 - (time.perf_counter() - started)))

    await asyncio.gather(
        *(person(number) for number in range(len(job.people))),
        *(address(number) for number in range(len(job.addresses))),
    )
    return told


def _hidden(page: str) -> dict[str, str]:
    inputs = [dict(_ATTRIBUTE.findall(tag)) for tag in _HIDDEN.findall(page)]
    return {
        each["name"]: html.unescape(each.get("value", ""))
        for each in inputs
        if each.get("type") == "hidden" and "name" in each
    }


def main() -> None:
    given = json.load(sys.stdin)
    given["people"] = [Person(**each) for each in given["people"]]
    told = asyncio.run(crowd(Job(**given)))
    print(json.dumps(asdict(told)))


if __name__ == "__main__":
    main()
