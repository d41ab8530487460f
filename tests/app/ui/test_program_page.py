"""Use it from a program: the page's lines run as they stand, and MCP's own client finds verbs that carry the notice."""

from __future__ import annotations

import asyncio
import base64
import html
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from gradio_client import Client
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, Tool

import dinoscope_phantoms as phantoms
from dinoscope.ui.markup import NOTICE
from dinoscope.ui.program_page import tool

VERBS = {"batch", "classify", "explain", "features", "report", "similar"}


@pytest.fixture(scope="module")
def lines(app: Client) -> dict[str, str]:
    """What can be copied from the page, by its kind."""
    page = httpx.get(f"{app.src}program", timeout=60).raise_for_status().text
    assert NOTICE in page
    return {kind: html.unescape(text) for kind, text in re.findall(r'data-lines="(\w+)">(.*?)</pre>', page, re.DOTALL)}


@pytest.fixture
def beside_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that one is in, with a drawn `picture.png` in it."""
    phantoms.draw("pneumonia_cxr", "normal", 4242).picture.save(tmp_path / "picture.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_lines_of_python_run_as_they_stand(lines: dict[str, str], beside_picture: Path, capsys):
    exec(compile(lines["python"], "page", "exec"), {})
    label, maps, cases = capsys.readouterr().out.strip().splitlines()[-3:]
    assert "normal" in label
    assert ".png" in maps
    assert cases.count("(") == 5


def test_the_lines_of_curl_run_as_they_stand(lines: dict[str, str], beside_picture: Path):
    done = subprocess.run(["bash", "-euc", lines["curl"]], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert '"label": "normal"' in done.stdout
    assert NOTICE in done.stdout


def test_the_lines_of_mcp_run_as_they_stand(lines: dict[str, str], beside_picture: Path, capsys):
    with ThreadPoolExecutor(1) as beside:  # as in `asked`
        beside.submit(exec, compile(lines["mcp"], "page", "exec"), {}).result()
    tools, answer = capsys.readouterr().out.strip().split("\n", 1)
    assert "classify" in tools
    assert "'label': 'normal'" in answer
    assert lines["json"].split('"')[-2] in lines["mcp"]


async def _told(done: float, total: float | None, message: str | None) -> None:
    """Nothing is made of it."""


def asked(app: Client, *calls: tuple[str, dict]) -> tuple[list[Tool], list[CallToolResult]]:
    """The tools that MCP's own client is told of, and what it is answered."""

    async def ask() -> tuple[list[Tool], list[CallToolResult]]:
        address = f"{app.src}gradio_api/mcp/"
        async with streamable_http_client(address) as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            # Who asks for progress is given each output by itself, pictures as pictures.
            return tools, [await session.call_tool(name, given, progress_callback=_told) for name, given in calls]

    with ThreadPoolExecutor(1) as beside:  # a browser test may have left a loop running in this thread
        return beside.submit(asyncio.run, ask()).result()


def test_mcp_tells_of_each_verb_with_the_notice_and_answers_mistakes_by_sentences(app: Client, beside_picture: Path):
    picture = "data:image/png;base64," + base64.b64encode((beside_picture / "picture.png").read_bytes()).decode()
    tools, (mapped, elsewhere, unknown) = asked(
        app,
        ("explain", {"picture": picture, "quick": True}),
        ("classify", {"picture": "http://example.org/picture.png"}),
        ("classify", {"picture": picture, "task": "knee"}),
    )
    assert {t.name for t in tools} >= VERBS
    for one in tools:
        assert NOTICE in one.description
        taken = one.inputSchema["properties"].values()
        assert any("data:image/png;base64" in value.get("description", "") for value in taken)
    assert NOTICE in mapped.content[0].text
    assert mapped.content[1].type == "image"
    for answer, sentence in ((elsewhere, "Send the picture itself"), (unknown, "no task is called “knee”")):
        assert answer.isError
        assert sentence in answer.content[0].text


def test_on_a_space_mcp_calls_a_verb_as_gradio_does_there(monkeypatch: pytest.MonkeyPatch):
    assert tool("classify") == "classify"
    monkeypatch.setenv("SPACE_ID", "hospital/dino-scope")
    assert tool("classify") == "dino_scope_classify"
