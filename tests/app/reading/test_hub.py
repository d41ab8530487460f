"""Backbones from the hub: fetched once at their pinned commit, and a sentence where the hub does not give them."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from dinoscope.reading.backbone import FILES, fingerprint
from dinoscope.reading.hub import REVISIONS
from fixtures.hub import Hub
from fixtures.published import FACEBOOK, RAD_DINO, registers
from fixtures.tiny import write_backbone

HUB_NAMES = ("facebook/dinov2-small", "facebook/dinov2-with-registers-small", "microsoft/rad-dino")


LOAD = """
import json, sys
from pathlib import Path
from PIL import Image
from dinoscope.reading.encoder import Encoder, EncoderError
for name in sys.argv[1:]:
    try:
        encoder = Encoder.load(name, Path("nowhere"))
        features = encoder([Image.new("RGB", (30, 20), "teal")])
        print(json.dumps([name, encoder.name, encoder.fingerprint, encoder.size, features.patches.shape[1]]))
    except EncoderError as fault:
        print(json.dumps([name, str(fault)]))
"""


def told(run) -> dict[str, list]:
    """What the script above printed, by name of the backbone."""
    assert run.returncode == 0, run.stderr
    return {row[0]: row[1:] for row in map(json.loads, run.stdout.splitlines())}


@pytest.fixture(scope="module")
def repositories(tmp_path_factory) -> dict[str, tuple[str, Path]]:
    """Tiny stand-ins for three hub repositories, with files beside the three that are asked for."""
    root = tmp_path_factory.mktemp("repositories")
    plain, radiology = write_backbone(root / "plain", 2), write_backbone(root / "radiology", 3)
    (plain / "preprocessor_config.json").write_text(json.dumps(FACEBOOK))
    (radiology / "preprocessor_config.json").write_text(json.dumps(RAD_DINO))
    folders = (plain, registers(root / "registers"), radiology)
    for folder in folders:
        (folder / "pytorch_model.bin").write_bytes(b"a pickle")
        (folder / "README.md").write_text("A tiny stand-in.")
    return {name: (REVISIONS[name], folder) for name, folder in zip(HUB_NAMES, folders, strict=True)}


@pytest.fixture(scope="module")
def loads(repositories, tmp_path_factory, run_python):
    """The three loaded in a process with a hub, and again in a process without one."""
    cache = str(tmp_path_factory.mktemp("cache"))
    with Hub(repositories) as hub:
        first = run_python("-c", LOAD, *HUB_NAMES, HF_ENDPOINT=hub.url, HF_HUB_CACHE=cache)
    second = run_python("-c", LOAD, *HUB_NAMES, HF_ENDPOINT=hub.url, HF_HUB_CACHE=cache)
    return told(first), told(second), hub.log


@pytest.fixture
def closed_port() -> str:
    """An address at which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size", "patches"), [(HUB_NAMES[0], 224, 256), (HUB_NAMES[1], 56, 16), (HUB_NAMES[2], 518, 1369)]
)
def test_a_hub_backbone_is_fetched_once_at_its_pinned_revision(loads, repositories, name, size, patches):
    first, second, log = loads
    revision, folder = repositories[name]
    assert first[name] == [name, fingerprint(folder), size, patches]
    assert second[name] == first[name]
    asked = [path for _, path in log if f"/{name}/" in path and not path.startswith("/store/")]
    assert asked
    assert all(f"/{revision}" in path for path in asked)
    fetched = {path.rsplit("/", 1)[1] for _, path in log if f"{name}/resolve/" in path}
    assert fetched == set(FILES)


@pytest.mark.slow
def test_an_unreachable_hub_is_named_and_asked_only_once(run_python, closed_port, tmp_path):
    run = run_python("-c", LOAD, HUB_NAMES[0], HF_ENDPOINT=closed_port, HF_HUB_CACHE=str(tmp_path))
    sentence = f"the hub cannot be reached and {HUB_NAMES[0]!r} is not in its cache; check the network, or use bundled"
    assert told(run) == {HUB_NAMES[0]: [sentence]}
    assert "Retrying" not in run.stderr


@pytest.mark.slow
def test_a_hub_switched_off_by_the_operator_reads_like_one_that_cannot_be_reached(run_python, tmp_path):
    run = run_python("-c", LOAD, HUB_NAMES[0], HF_HUB_OFFLINE="1", HF_HUB_CACHE=str(tmp_path))
    assert told(run)[HUB_NAMES[0]][0].startswith("the hub cannot be reached")


@pytest.mark.slow
def test_a_proxy_that_refuses_reads_like_a_hub_that_cannot_be_reached(run_python, tmp_path):
    with Hub({}) as proxy:  # it knows no CONNECT, as a hospital's proxy may not for this address
        run = run_python(
            "-c", LOAD, HUB_NAMES[0], HTTPS_PROXY=proxy.url, HF_ENDPOINT="https://hub.test", HF_HUB_CACHE=str(tmp_path)
        )
    assert told(run)[HUB_NAMES[0]][0].startswith("the hub cannot be reached")


@pytest.mark.slow
def test_a_revision_the_hub_no_longer_has_is_named(run_python, repositories, tmp_path):
    name = HUB_NAMES[0]
    with Hub({name: ("0" * 40, repositories[name][1])}) as hub:
        told_ = told(run_python("-c", LOAD, name, HF_ENDPOINT=hub.url, HF_HUB_CACHE=str(tmp_path)))
    assert told_[name][0].startswith(f"the hub did not give {name!r} at {REVISIONS[name][:8]}: ")


@pytest.mark.slow
def test_a_repository_without_safetensors_is_refused_not_unpickled(run_python, repositories, tmp_path):
    name = HUB_NAMES[0]
    folder = Path(shutil.copytree(repositories[name][1], tmp_path / "repository"))
    (folder / "model.safetensors").unlink()
    with Hub({name: (REVISIONS[name], folder)}) as hub:
        told_ = told(run_python("-c", LOAD, name, HF_ENDPOINT=hub.url, HF_HUB_CACHE=str(tmp_path / "cache")))
    assert told_[name] == [f"the backbone {name!r} lacks model.safetensors; a folder needs {', '.join(FILES)}"]


@pytest.mark.slow
def test_a_download_that_was_interrupted_is_gone_on_with_and_not_taken_for_whole(
    run_python, repositories, closed_port, tmp_path
):
    name, whole, cache = HUB_NAMES[0], repositories[HUB_NAMES[0]][1], str(tmp_path)
    with Hub({name: (REVISIONS[name], whole)}) as hub:
        run_python("-c", LOAD, name, HF_ENDPOINT=hub.url, HF_HUB_CACHE=cache)
    (weights,) = tmp_path.rglob("snapshots/*/model.safetensors")  # the largest file, which comes last
    weights.resolve().unlink()
    weights.unlink()
    for listing in tmp_path.rglob("trees"):  # other programs that fill the same cache write none
        shutil.rmtree(listing)
    alone = told(run_python("-c", LOAD, name, HF_ENDPOINT=closed_port, HF_HUB_CACHE=cache))
    assert alone[name][0].startswith("the hub cannot be reached")
    with Hub({name: (REVISIONS[name], whole)}) as hub:
        again = told(run_python("-c", LOAD, name, HF_ENDPOINT=hub.url, HF_HUB_CACHE=cache))
    assert again[name] == [name, fingerprint(whole), 224, 256]


@pytest.mark.slow
def test_without_the_hub_the_demo_runs_on_the_bundled_backbone_and_says_so(
    run_python, closed_port, tiny_assets, encoder, tmp_path
):
    script = (
        "import json; from dinoscope import settings; from dinoscope.workbench import Workbench\n"
        "bench = Workbench.load(settings.load(), say=lambda _: None)\n"
        "print(json.dumps([bench.encoder.name, bench.encoder.fingerprint, list(bench.tasks), bench.notices]))"
    )
    run = run_python(
        "-c",
        script,
        DINOSCOPE_BACKBONE=HUB_NAMES[2],
        DINOSCOPE_ASSETS=str(tiny_assets),
        DINOSCOPE_CACHE=str(tmp_path / "cache"),
        HF_ENDPOINT=closed_port,
        HF_HUB_CACHE=str(tmp_path / "hub"),
    )
    assert run.returncode == 0, run.stderr
    name, print_, names, notices = json.loads(run.stdout)
    assert (name, print_, names) == ("bundled", encoder.fingerprint, ["colours", "stripes"])
    assert len(notices) == 1
    assert notices[0].startswith("Running on the bundled backbone: the hub cannot be reached and 'microsoft/rad-dino'")
