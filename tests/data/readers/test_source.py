import hashlib
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vsr.data.readers.source import Archive, download, locate, root_folder
from vsr.errors import ConfigError, DataError


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without telling."""

    def log_message(self, *args):
        pass


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Address at which this machine serves ``tmp_path``."""
    monkeypatch.setenv("no_proxy", "*")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def archive(tmp_path, served):
    """A small .tgz at an address, with its own checksum."""
    (tmp_path / "made" / "birds").mkdir(parents=True)
    (tmp_path / "made" / "birds" / "images.txt").write_text("1 a.jpg\n")
    path = tmp_path / "birds.tgz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tmp_path / "made" / "birds", "birds")
    return Archive(f"{served}/birds.tgz", hashlib.md5(path.read_bytes()).hexdigest(), "birds")


def test_a_download_is_unpacked_whole_and_leaves_nothing_else(archive, tmp_path):
    root = tmp_path / "benchmarks"
    download(archive, root, "page")
    assert (root / "birds" / "images.txt").read_text() == "1 a.jpg\n"
    assert [one.name for one in root.iterdir()] == ["birds"]


def test_what_is_there_is_not_downloaded_again(archive, tmp_path):
    (tmp_path / "birds").mkdir()
    download(archive._replace(url="http://nowhere.invalid/birds.tgz"), tmp_path, "page")
    assert not list((tmp_path / "birds").iterdir())


def test_a_wrong_checksum_is_refused_and_nothing_is_left(archive, tmp_path):
    root = tmp_path / "benchmarks"
    with pytest.raises(DataError, match=r"cannot be fetched whole .* get it from the page and unpack it in"):
        download(archive._replace(md5="0" * 32), root, "the page")
    assert not list(root.iterdir())


def test_a_missing_address_is_one_line(archive, tmp_path, served):
    with pytest.raises(DataError, match="cannot be fetched whole") as told:
        download(archive._replace(url=f"{served}/gone.tgz"), tmp_path / "new", "the page")
    assert "\n" not in str(told.value)


def test_an_archive_of_another_folder_is_refused(archive, tmp_path):
    with pytest.raises(DataError, match="holds no folder cars"):
        download(archive._replace(folder="cars"), tmp_path / "benchmarks", "the page")


def test_the_folder_is_found_itself_or_below(tmp_path):
    (tmp_path / "data" / "birds").mkdir(parents=True)
    (tmp_path / "data" / "birds" / "images.txt").touch()
    below = tmp_path / "data" / "birds"
    assert locate(below, ["images.txt"], ["birds"], "") == below
    assert locate(tmp_path / "data", ["images.txt"], ["birds"], "") == below


def test_a_file_in_place_of_the_folder_is_said_to_be_one(tmp_path):
    (tmp_path / "birds.tgz").touch()
    for root in (tmp_path / "birds.tgz", tmp_path / "birds.tgz" / "birds"):
        with pytest.raises(
            DataError, match=rf"no folder {root}; {tmp_path}/birds\.tgz is a file; get it at P"
        ):
            locate(root, ["images.txt"], [], "get it at P")


def test_a_folder_whose_name_is_a_number_is_found(tmp_path, monkeypatch):
    (tmp_path / "2018").mkdir()
    (tmp_path / "2018" / "images.txt").touch()
    monkeypatch.chdir(tmp_path)
    assert str(locate(2018, ["images.txt"], [], "")) == "2018"
    assert str(root_folder(2018, "birds")) == "2018"


@pytest.mark.parametrize("root", [None, ""])
def test_a_root_must_be_given(root):
    with pytest.raises(ConfigError, match=r"data\.root must name the folder with the files of birds"):
        root_folder(root, "birds")


def test_what_is_missing_is_told_with_the_page_and_the_places(tmp_path):
    with pytest.raises(DataError, match=rf"no images\.txt in {tmp_path} or birds; get it at P"):
        locate(tmp_path, ["images.txt"], ["birds"], "get it at P")
    with pytest.raises(DataError, match=r"data\.root: no folder .*/nowhere; get it at P"):
        locate(tmp_path / "nowhere", ["images.txt"], ["birds"], "get it at P")
    with pytest.raises(ConfigError, match=r"data\.root is empty; get it at P"):
        locate("", ["images.txt"], [], "get it at P")
