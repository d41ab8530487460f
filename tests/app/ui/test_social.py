"""A link to the page says what the page is, wherever it is shared."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dinoscope.ui import social, theme

GRADIO = '<!doctype html><html><head>\n<meta property="og:title" content="Gradio" /><title>x</title></head></html>'


@pytest.fixture
def client():
    def page(request):
        return HTMLResponse(GRADIO)

    return TestClient(social.SocialCard(Starlette(routes=[Route("/", page), Route("/other", page)])))


def test_the_pages_own_title_stands_in_place_of_gradios(client):
    text = client.get("/").text
    assert "Gradio" not in text
    assert text.count('property="og:title"') == 1
    assert theme.TITLE in text
    assert social.NOTICE in text
    assert "<title>x</title>" in text
    assert "Gradio" in client.get("/other").text


def test_the_picture_has_an_address_that_others_can_reach(client):
    told = {"x-forwarded-proto": "https", "x-forwarded-host": "demo.example"}
    assert 'content="https://demo.example/social-card.jpg"' in client.get("/", headers=told).text
    picture = client.get("/social-card.jpg")
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content[:2] == b"\xff\xd8"


def test_a_hostile_host_stays_text(client):
    text = client.get("/", headers={"x-forwarded-host": '"><script>alert(1)</script>'}).text
    assert "<script>" not in text


def test_the_page_is_packed_for_those_who_can_unpack_it(client):
    packed = client.get("/", headers={"accept-encoding": "gzip"})
    plain = client.get("/", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text
