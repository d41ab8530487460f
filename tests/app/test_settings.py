"""What an operator sets in the environment arrives, and what makes no sense is refused in words."""

import json
from pathlib import Path

import pytest

from dinoscope.settings import ROOT, Settings, load


def test_without_any_variable_the_bundled_demo_runs_on_this_machine_only():
    assert load({}) == Settings()
    assert (load({}).backbone, load({}).host, load({}).port) == ("bundled", "127.0.0.1", 7860)
    assert load({}).assets == ROOT / "model_assets"
    assert load({}).images is None


def test_every_variable_arrives():
    asked = {
        "DINOSCOPE_BACKBONE": "microsoft/rad-dino",
        "DINOSCOPE_FUSION": "efficientnet-lite0",
        "DINOSCOPE_DEVICE": "cuda",
        "DINOSCOPE_ASSETS": "/a",
        "DINOSCOPE_CACHE": "/c",
        "DINOSCOPE_IMAGES": "/i",
        "DINOSCOPE_THUMBNAILS": "cached",
        "DINOSCOPE_MIRROR": "http://mirror:8080",
        "DINOSCOPE_HOST": "10.0.0.1",
        "DINOSCOPE_PORT": "80",
        "QDRANT_URL": "http://q:6333",
        "QDRANT_API_KEY": "key",
    }
    assert load(asked) == Settings(
        "microsoft/rad-dino",
        "efficientnet-lite0",
        "cuda",
        Path("/a"),
        Path("/c"),
        Path("/i"),
        "cached",
        "http://mirror:8080",
        "10.0.0.1",
        80,
        "http://q:6333",
        "key",
    )


def test_thumbnails_are_fetched_unless_the_machine_is_said_to_be_offline():
    assert load({}).thumbnails == "on"
    assert load({"HF_HUB_OFFLINE": "1"}).thumbnails == "cached"
    assert load({"HF_HUB_OFFLINE": "1", "DINOSCOPE_THUMBNAILS": "off"}).thumbnails == "off"
    with pytest.raises(ValueError, match="DINOSCOPE_THUMBNAILS is 'never'; set it to on, cached or off"):
        load({"DINOSCOPE_THUMBNAILS": "never"})
    with pytest.raises(ValueError, match="DINOSCOPE_MIRROR is 'mirror'; set it to http"):
        load({"DINOSCOPE_MIRROR": "mirror"})


def test_empty_and_blank_variables_count_as_unset():
    assert load({"DINOSCOPE_PORT": "", "DINOSCOPE_BACKBONE": "  ", "DINOSCOPE_IMAGES": " "}) == Settings()


def test_a_space_listens_on_every_address_unless_told_otherwise():
    assert load({"SPACE_ID": "someone/dinoscope"}).host == "0.0.0.0"
    assert load({"SPACE_ID": "someone/dinoscope", "DINOSCOPE_HOST": "127.0.0.1"}).host == "127.0.0.1"


@pytest.mark.parametrize("port", ["http", "-1", "0", "65536", "78.6", "²"])
def test_a_port_that_is_none_is_refused_with_its_value(port):
    with pytest.raises(ValueError, match="set it to a number from 1 to 65535") as caught:
        load({"DINOSCOPE_PORT": port})
    assert f"DINOSCOPE_PORT is {port!r}" in str(caught.value)


def test_an_unknown_device_is_refused_with_its_value():
    with pytest.raises(ValueError, match="DINOSCOPE_DEVICE is 'gpu'; set it to auto, cpu or cuda"):
        load({"DINOSCOPE_DEVICE": "gpu"})


def test_where_the_cases_are_kept_is_read_and_a_count_that_is_none_is_refused_with_its_value():
    asked = load({"QDRANT_PATH": "/cases", "QDRANT_SHARDS": "4", "QDRANT_REPLICAS": "2"})
    assert (asked.qdrant_path, asked.qdrant_shards, asked.qdrant_replicas) == (Path("/cases"), 4, 2)
    with pytest.raises(ValueError, match="QDRANT_SHARDS is 'many'; set it to a whole number from 1"):
        load({"QDRANT_SHARDS": "many"})


def test_the_settings_are_read_from_the_process_environment(monkeypatch):
    monkeypatch.setenv("DINOSCOPE_PORT", "8123")
    assert load().port == 8123


def test_numpy_leaves_the_cores_to_the_network(run_python):
    script = """
import dinoscope.similar.search, scipy.linalg
from threadpoolctl import threadpool_info
print([p["num_threads"] for p in threadpool_info() if p["internal_api"] == "openblas"])
"""
    run = run_python("-c", script)
    assert run.returncode == 0, run.stderr
    assert set(json.loads(run.stdout)) <= {1}


def test_no_home_is_needed_where_the_cache_is_named(monkeypatch):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    assert load({"DINOSCOPE_CACHE": "/c"}).cache == Path("/c")
    with pytest.raises(ValueError, match="this user has no home directory; set DINOSCOPE_CACHE to a folder"):
        load({})


def test_every_verb_works_for_a_user_without_a_home(run_python, tiny_assets, tmp_path):
    """As in a container whose user has no entry in /etc/passwd: neither HOME nor the user's number gives a home."""
    script = (
        "import os, pwd, sys\n"
        "def nobody(*_): raise KeyError('uid not found')\n"
        "pwd.getpwuid = nobody\n"
        "del os.environ['HOME']\n"
        "from dinoscope.cli import main\n"
        "sys.exit(main(['doctor']))"
    )
    known = {"HOME": "/nowhere", "DINOSCOPE_ASSETS": str(tiny_assets), "DINOSCOPE_DEVICE": "cpu"}
    run = run_python("-c", script, **known, DINOSCOPE_CACHE=str(tmp_path))
    assert run.returncode == 0, run.stderr
    assert "task colours: 3 classes" in run.stdout
    run = run_python("-c", script, **known)
    assert run.returncode == 1
    assert run.stderr.strip() == "this user has no home directory; set DINOSCOPE_CACHE to a folder that may be written"
