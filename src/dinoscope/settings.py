"""Settings: environment variables -> one frozen dataclass."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

THUMBNAILS = ("on", "cached", "off")
CHOSEN = "backbone.txt"
"""In the assets of a Space: the backbone that its heads were fitted for, where no other one is asked for."""

FUSIONS = ("efficientnet-lite0",)
"""Networks that the backbone may be read together with."""


def _cache() -> Path:
    """Below the user's home; asked for only where no folder is named, as a container's user may have no home.

    Raises:
        ValueError: where there is none.
    """
    try:
        return Path.home() / ".cache" / "dinoscope"
    except RuntimeError as fault:
        raise ValueError(
            "this user has no home directory; set DINOSCOPE_CACHE to a folder that may be written"
        ) from fault


@dataclass(frozen=True)
class Settings:
    """Everything an operator can choose.

    Attributes:
        backbone: `bundled`, a local folder in the transformers format, or a hub id (DINOSCOPE_BACKBONE).
        fusion: `efficientnet-lite0` to read every picture with that network, too, where it is installed; "" for the
            backbone alone (DINOSCOPE_FUSION).
        device: `auto`, `cpu` or `cuda` (DINOSCOPE_DEVICE).
        assets: folder of the bundled backbone, tasks and evidence (DINOSCOPE_ASSETS).
        cache: folder for heads and vectors fitted for another backbone (DINOSCOPE_CACHE).
        thumbnails: pictures of public cases: `on` to fetch the nearest ones' from where they were published, `cached`
            for those that are in the cache already, `off` for none (DINOSCOPE_THUMBNAILS).
        mirror: `http://host[:port]` to ask in place of where they were published (DINOSCOPE_MIRROR).
        images: folder of data sets from which another backbone's heads are fitted, if there is one
            (DINOSCOPE_IMAGES).
        host, port: where the app listens (DINOSCOPE_HOST, DINOSCOPE_PORT).
        qdrant_url, qdrant_api_key: a Qdrant server instead of the in-memory index (QDRANT_URL, QDRANT_API_KEY).
        qdrant_path: a folder on this machine instead of the in-memory index (QDRANT_PATH).
        qdrant_shards, qdrant_replicas: of the collections a server creates (QDRANT_SHARDS, QDRANT_REPLICAS).
    """

    backbone: str = "bundled"
    fusion: str = ""
    device: str = "auto"
    assets: Path = ROOT / "model_assets"
    cache: Path = field(default_factory=_cache)
    images: Path | None = None
    thumbnails: str = "on"
    mirror: str = ""
    host: str = "127.0.0.1"
    port: int = 7860
    qdrant_url: str = ""
    qdrant_api_key: str = ""
    qdrant_path: Path | None = None
    qdrant_shards: int = 1
    qdrant_replicas: int = 1


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from environment variables; what is unset or empty keeps its default.

    Raises:
        ValueError: when DINOSCOPE_PORT is not a port number, another value is not known, or a count is no number.
    """
    env = os.environ if environment is None else environment

    def text(name: str, default: str) -> str:
        return env.get(name, "").strip() or default

    def count(name: str) -> int:
        given = text(name, "1")
        if not given.isdecimal() or int(given) < 1:
            raise ValueError(f"{name} is {given!r}; set it to a whole number from 1")
        return int(given)

    port = text("DINOSCOPE_PORT", str(Settings.port))
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"DINOSCOPE_PORT is {port!r}; set it to a number from 1 to 65535")
    device = text("DINOSCOPE_DEVICE", Settings.device)
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"DINOSCOPE_DEVICE is {device!r}; set it to auto, cpu or cuda")
    fusion = text("DINOSCOPE_FUSION", "")
    if fusion not in ("", *FUSIONS):
        raise ValueError(f"DINOSCOPE_FUSION is {fusion!r}; set it to {' or '.join(FUSIONS)}, or leave it out")
    # Who works offline on purpose has said so to the hub's client already.
    offline = env.get("HF_HUB_OFFLINE", "").strip().upper() in ("1", "ON", "YES", "TRUE")
    thumbnails = text("DINOSCOPE_THUMBNAILS", "cached" if offline else Settings.thumbnails)
    if thumbnails not in THUMBNAILS:
        raise ValueError(f"DINOSCOPE_THUMBNAILS is {thumbnails!r}; set it to on, cached or off")
    mirror = text("DINOSCOPE_MIRROR", "")
    if mirror and not mirror.startswith(("http://", "https://")):
        raise ValueError(f"DINOSCOPE_MIRROR is {mirror!r}; set it to http://host or http://host:port")
    # A Space runs in a container: there the app must listen on every address.
    host = text("DINOSCOPE_HOST", "0.0.0.0" if env.get("SPACE_ID") else Settings.host)
    assets = Path(text("DINOSCOPE_ASSETS", str(Settings.assets)))
    named = assets / CHOSEN
    backbone = named.read_text(encoding="utf-8").strip() if named.is_file() else Settings.backbone
    return Settings(
        backbone=text("DINOSCOPE_BACKBONE", backbone),
        fusion=fusion,
        device=device,
        assets=assets,
        cache=Path(given) if (given := text("DINOSCOPE_CACHE", "")) else _cache(),
        images=Path(images) if (images := text("DINOSCOPE_IMAGES", "")) else None,
        thumbnails=thumbnails,
        mirror=mirror,
        host=host,
        port=int(port),
        qdrant_url=text("QDRANT_URL", ""),
        qdrant_api_key=text("QDRANT_API_KEY", ""),
        qdrant_path=Path(folder) if (folder := text("QDRANT_PATH", "")) else None,
        qdrant_shards=count("QDRANT_SHARDS"),
        qdrant_replicas=count("QDRANT_REPLICAS"),
    )
