"""Shards at an address, from a server in a thread that breaks off, fails and gives parts as it is told."""

import gc
import http.server
import logging
import multiprocessing
import os
import threading
import time

import fsspec
import numpy as np
import pytest

from vsr.data.loading.datamodule import VisualSearchData
from vsr.data.loading.positives import LabelPositives
from vsr.data.pictures.cached.cached_pictures import cached_pictures
from vsr.data.pictures.cached.shrink import ShortSide
from vsr.data.pictures.decode import CataloguePictures
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.readers.folder import Folder
from vsr.data.samplers.balanced import BalancedBatches
from vsr.data.shards import connections, remote
from vsr.data.shards.connections import RemoteError
from vsr.data.shards.local_copies import GB, Copies
from vsr.data.shards.reader import Shards
from vsr.data.shards.remote import RemoteShard, find_remote
from vsr.data.shards.writer import write_shards
from vsr.errors import ConfigError, DataError

FOUR = ["train-000000.tar", "train-000001.tar", "train-000002.tar", "train-000003.tar"]


class Server(http.server.ThreadingHTTPServer):
    """Serves ``folder``; the attributes say how well."""

    daemon_threads = True

    def __init__(self, folder, ranges=True):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.ranges = folder, ranges
        self.breaks = set()  # which answers with a shard, by their number, end in the middle
        self.status = None  # of every answer
        self.slow_s = 0.0
        self.sizes = True
        self.asked = []  # (method, name, first byte)
        self.address = f"http://127.0.0.1:{self.server_port}"

    def got(self, method="GET", suffix=".tar"):
        return [(name, first) for how, name, first in self.asked if how == method and name.endswith(suffix)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections stay open for the next request

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        content = self.answer()
        if content is None:
            return
        if len(self.server.got()) - 1 in self.server.breaks and self.path.endswith(".tar"):
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            time.sleep(0.2)  # so that it arrives before the end does
            self.close_connection = True
            return
        time.sleep(self.server.slow_s)
        self.wfile.write(content)

    def answer(self):
        given = self.headers.get("Range") if self.server.ranges else None
        first, last = (int(part) for part in given.removeprefix("bytes=").split("-")) if given else (0, 10**9)
        self.server.asked.append((self.command, self.path[1:], first))
        path = self.server.folder / self.path[1:]
        if self.server.status or not path.is_file():
            self.send_error(self.server.status or 404)
            return None
        whole = path.read_bytes()
        content = whole[first : last + 1]
        self.send_response(206 if given else 200)
        if self.server.sizes:
            self.send_header("Content-Length", str(len(content)))
        else:
            self.send_header("Connection", "close")
        if given:
            self.send_header("Content-Range", f"bytes {first}-{first + len(content) - 1}/{len(whole)}")
        self.end_headers()
        return content

    def log_message(self, *arguments):
        pass


@pytest.fixture(autouse=True)
def quickly(monkeypatch, tmp_path):
    monkeypatch.setenv("VSR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(connections, "WAITS_S", (0.0, 0.01))


@pytest.fixture
def written(write_pictures, tmp_path):
    photos = Folder(
        str(write_pictures({f"{'mn'[at % 2]}/{name}": 5 for at, name in enumerate("abcdefgh")}))
    ).read()
    write_shards(photos, tmp_path / "shards", per_shard=6)
    return tmp_path / "shards"


@pytest.fixture
def serve():
    servers = []

    def start(folder, **options):
        servers.append(Server(folder, **options))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server(written, serve):
    return serve(written)


@pytest.fixture
def in_memory(written):
    files = fsspec.filesystem("memory")
    files.put(f"{written}/", "/bucket/shards/", recursive=True)
    yield files
    files.rm("/bucket", recursive=True)


def pixels(catalogue):
    pictures = CataloguePictures(catalogue)
    return [np.asarray(pictures(row)).tolist() for row in range(len(catalogue))]


def bare(catalogue):
    return catalogue.table.to_dict("list"), catalogue.fingerprint, catalogue.levels


def copies_in(tmp_path):
    below = (tmp_path / "cache" / "shards" / "copies").rglob("*.tar.*")
    return sorted(path.name for path in below if not path.name.startswith("."))


def shards_of(server, names=FOUR, **options):
    return Copies(find_remote([f"{server.address}/{name}" for name in names]), **options)


@pytest.mark.parametrize("place", ["http", "memory"])
def test_shards_at_an_address_are_the_same_catalogue_as_local_ones(place, written, server, in_memory):
    local = Shards(str(written)).read()
    address = {"http": server.address, "memory": "memory://bucket/shards/"}[place]
    catalogue = Shards(address).read()
    assert bare(catalogue) == bare(local)
    assert not server.got()  # the index told what lies where
    assert pixels(catalogue) == pixels(local)
    assert pixels(Shards(address).read()) == pixels(local)
    once = [(path.name, 0) for path in written.glob("*.tar")]
    assert sorted(server.got()) == (sorted(once) if place == "http" else [])


def test_without_an_index_shards_are_listed_by_their_copies(written, server, in_memory, tmp_path):
    local = Shards(str(written)).read()
    for name in ("shards.json", "shards.parquet"):
        (written / name).unlink()
        in_memory.rm(f"/bucket/shards/{name}")
    for named in (
        "memory://bucket/shards",
        "memory://bucket/shards/*.tar",
        [f"{server.address}/{{test,train}}-{{000000..000001}}.tar", f"{server.address}/val-000000.tar"],
    ):
        given = [named] if isinstance(named, str) else named
        catalogue = Shards(given).read()
        if isinstance(named, str):
            assert bare(catalogue) == bare(local)
        assert set(catalogue.table["item"]) <= set(local.table["item"])
    n_copies = len(copies_in(tmp_path))
    Shards("memory://bucket/shards").read()
    assert len(copies_in(tmp_path)) == n_copies


def test_an_index_without_its_table_tells_the_names_at_least(written, server):
    local = Shards(str(written)).read()
    (written / "shards.parquet").unlink()
    assert bare(Shards(server.address).read()) == bare(local)
    assert bare(Shards(server.address, levels=["category"]).read())[2] == ("category",)


def test_other_levels_than_the_index_has_are_taken_from_the_shards(written, server):
    with pytest.raises(DataError, match=rf"of {server.address}/.*\.tar has no roll; did you mean 'role'"):
        Shards(server.address, levels=["roll"]).read()


def test_a_page_of_links_is_listed(written, serve):
    for name in ("shards.json", "shards.parquet"):
        (written / name).unlink()
    local = Shards(str(written)).read()

    class Pages(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(written))

        def log_message(self, *arguments):
            pass

    server = serve(written)
    server.RequestHandlerClass = Pages
    assert bare(Shards(server.address).read()) == bare(local)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_breaks_goes_on_where_the_server_can(written, serve, caplog, ranges):
    server = serve(written, ranges=ranges)
    server.breaks = {0}
    copies = shards_of(server, FOUR[:1])
    with caplog.at_level(logging.WARNING), copies.open(FOUR[0]) as file:
        assert file.read() == (written / FOUR[0]).read_bytes()
    half = (written / FOUR[0]).stat().st_size // 2
    assert server.got()[:2] == [(FOUR[0], 0), (FOUR[0], half if ranges else 0)]
    assert f"{server.address}/{FOUR[0]} cannot be read: " in caplog.text
    assert "trying again in 0 s" in caplog.text
    assert ("from its beginning" in caplog.text) is not ranges


def test_tries_are_counted_anew_where_each_brings_something(written, server, monkeypatch):
    monkeypatch.setattr(remote, "PIECE", 3000)
    server.breaks = {0, 2, 3, 5, 6}  # more than there are waits
    with shards_of(server, FOUR[:1]).open(FOUR[0]) as file:
        assert file.read() == (written / FOUR[0]).read_bytes()


def test_what_a_killed_run_had_copied_is_not_asked_for_again(written, server):
    copies = shards_of(server, FOUR[:1])
    content, path = (written / FOUR[0]).read_bytes(), copies.path(FOUR[0])
    path.parent.mkdir(parents=True)
    (path.parent / f".{path.name}.part").write_bytes(content[:5000])
    with copies.open(FOUR[0]) as file:
        assert file.read() == content
    assert server.got() == [(FOUR[0], 5000)]
    os.truncate(path, 100)  # a copy that lost its end is made again
    with copies.open(FOUR[0]) as file:
        assert file.read() == content


def test_a_server_that_says_no_size_is_read_to_its_end(written, server):
    server.sizes = False
    with shards_of(server, FOUR[:1]).open(FOUR[0]) as file:
        assert file.read() == (written / FOUR[0]).read_bytes()


@pytest.mark.parametrize(
    ("status", "tries", "words"),
    [
        (
            503,
            3,
            "cannot be read after 3 tries: the server answered 503 Service Unavailable; mend the connec",
        ),
        (403, 1, "cannot be read: the server answered 403 Forbidden; mend the address, its rights"),
        (404, 1, "a.tar: the answer is 'not found'; mend it"),
    ],
)
def test_a_server_that_always_fails_is_named_with_its_answer(server, status, tries, words):
    server.status = status
    with pytest.raises(DataError, match=rf"^data\.shards: .*127.*{words}") as error:
        Shards(f"{server.address}/a.tar").read()
    assert "\n" not in str(error.value)
    assert len(server.got("HEAD")) == tries


def test_a_folder_that_is_not_listed_is_named_with_the_mend(written, server):
    (written / "shards.json").unlink()
    with pytest.raises(DataError, match=r"no shard is listed at http.*shards\.json.*name the shards, as in"):
        Shards(server.address).read()
    with pytest.raises(DataError, match="no shard is listed at memory://nothing"):
        Shards("memory://nothing").read()


def test_a_shard_that_changed_after_it_was_listed_is_named(written, server):
    catalogue = Shards(server.address).read()
    with open(written / "test-000000.tar", "ab") as file:
        file.write(bytes(512))
    with pytest.raises(RemoteError, match=r"test-000000\.tar cannot be read.* bytes now and had \d+ when it"):
        pixels(catalogue)


def test_a_cut_off_shard_is_named_by_its_address(written, server):
    os.truncate(written / FOUR[0], 3000)
    with pytest.raises(
        DataError, match=rf"data\.shards: {server.address}/{FOUR[0]} is cut off after .*copy it again"
    ):
        Shards([f"{server.address}/{name}" for name in FOUR[:2]]).read()


def test_unknown_kinds_missing_packages_and_mixtures_are_named(written, tmp_path):
    fsspec.register_implementation("lost", "no_such_files.Files", True, "Install no_such_files")
    for shards, words in (
        (
            "lost://bucket/a.tar",
            "needs the package no_such_files, which is missing: uv pip install no_such_files",
        ),
        ("htpps://host/a.tar", "htpps://host/a.tar is of no known kind; did you mean 'http"),
        (
            ["memory://a.tar", str(written)],
            f"must be addresses or local paths, got memory://a.tar and {written}",
        ),
    ):
        with pytest.raises(ConfigError, match=words):
            Shards(shards).read()
    with pytest.raises(ConfigError, match=r"data\.keep_gb must be > 0, or null to keep all, got 0"):
        Shards("memory://a", keep_gb=0)


def test_a_cache_that_cannot_be_written_is_named(written, server, tmp_path):
    (tmp_path / "file").write_text("")
    copies = shards_of(server, FOUR[:1], cache_dir=str(tmp_path / "file"))
    with pytest.raises(RemoteError, match=r"copy of http.* cannot be kept in .*file.*set data\.cache_dir or"):
        copies.open(FOUR[0])


def data_of(catalogue, **options):
    return VisualSearchData(
        catalogue, PictureTransforms(8), LabelPositives(), BalancedBatches(4, 2), 4, workers=2, **options
    )


def content(loader):
    return [(batch.rows.tolist(), batch.images.sum().item()) for batch in loader]


@pytest.mark.parametrize("at_once", [None, 2])
def test_two_workers_and_a_resumed_epoch_give_what_local_shards_give(written, server, at_once, tmp_path):
    server.breaks = {0, 2}
    loaders = []
    for shards in (str(written), server.address, server.address):
        keep = None if shards == str(written) else 30_000 / GB
        catalogue = Shards(shards, keep_gb=keep).read()
        loader = data_of(catalogue, shards_at_once=at_once).train_dataloader()
        loaders.append(loader)
    loaders[2].load_state_dict({"epoch": 3, "batches": 2})
    for loader in loaders:
        loader.batch_sampler.set_epoch(3)
    whole = content(loaders[0])
    assert len(whole) > 2
    assert content(loaders[1]) == whole
    assert content(loaders[2]) == whole[2:]


def test_a_server_that_is_gone_stops_the_run_though_corrupt_pictures_are_skipped(written, server):
    catalogue = Shards(server.address).read()
    server.status = 500
    for workers in (0, 2):
        data = data_of(catalogue, on_corrupt="skip")
        data.workers = workers
        batches = iter(data.test_dataloader())
        with pytest.raises(RemoteError, match=r"^data\.shards: http.* after 3 tries: .* 500 ") as error:
            list(batches)
        if workers:
            batches._shutdown_workers()  # which takes the garbage collector ten seconds
        assert "\n" not in str(error.value)
    with pytest.raises(RemoteError):
        cached_pictures(catalogue, catalogue.rows("train"), ShortSide(8))


def test_the_least_recently_used_copies_go_and_what_is_in_use_stays(written, server, tmp_path):
    size = max((written / name).stat().st_size for name in FOUR)
    copies = shards_of(server, keep_gb=2.5 * size / GB)
    first = copies.open(FOUR[0])
    os.utime(copies.path(FOUR[0]), ns=(1, 1))
    with copies.open(FOUR[1]):
        os.utime(copies.path(FOUR[1]), ns=(2, 2))
    copies.open(FOUR[0]).close()  # so that it was used last
    copies.open(FOUR[2]).close()
    assert copies_in(tmp_path) == sorted(copies.path(name).name for name in (FOUR[0], FOUR[2]))
    with copies.held(FOUR[0]):
        os.utime(copies.path(FOUR[0]), ns=(1, 1))
        copies.open(FOUR[3]).close()
        assert copies.path(FOUR[0]).exists()
    copies.open(FOUR[1]).close()
    assert not copies.path(FOUR[0]).exists()
    assert first.read() == (written / FOUR[0]).read_bytes()  # removed, and readable where it is open
    first.close()
    tight = shards_of(server, keep_gb=1 / GB)  # less than a shard: it is one at a time
    tight.open(FOUR[0]).close()
    assert copies_in(tmp_path) == [copies.path(FOUR[0]).name]


def test_too_little_room_for_what_is_read_all_over_is_said(server, caplog):
    copies = shards_of(server, keep_gb=1 / GB)
    with caplog.at_level(logging.WARNING):
        copies.warn_if_tight(3)
    assert "keeps fewer than the 3 shards" in caplog.text
    caplog.clear()
    shards_of(server, keep_gb=1).warn_if_tight(3)
    assert not caplog.text


def read_at_once(copies, start, results):
    start.wait()
    with copies.open(FOUR[0]) as file:
        results.put(file.read())


def test_of_two_processes_that_want_a_shard_one_copies_it(written, server):
    server.slow_s = 0.3
    copies, fork = shards_of(server, FOUR[:1]), multiprocessing.get_context("fork")
    start, results = fork.Event(), fork.Queue()
    processes = [fork.Process(target=read_at_once, args=(copies, start, results)) for _ in range(2)]
    for process in processes:
        process.start()
    start.set()
    found = [results.get(timeout=30) for _ in processes]
    for process in processes:
        process.join()
    assert found == [(written / FOUR[0]).read_bytes()] * 2
    assert server.got() == [(FOUR[0], 0)]


def read_and_collect_garbage(copies):
    copies.open(FOUR[2]).close()
    gc.collect()


def test_a_child_leaves_the_connections_of_its_parent_alone(server, monkeypatch, caplog):
    monkeypatch.setattr(connections, "SILENCE_S", 2.0)
    gc.collect()
    gc.freeze()  # so that the child has little to look at
    try:
        copies = shards_of(server)
        copies.open(FOUR[0]).close()
        child = multiprocessing.get_context("fork").Process(target=read_and_collect_garbage, args=(copies,))
        child.start()
        child.join(timeout=30)
        assert child.exitcode == 0
        with caplog.at_level(logging.WARNING):
            copies.open(FOUR[1]).close()
        assert not caplog.text
    finally:
        gc.unfreeze()


def test_resized_pictures_are_cached_once_though_copies_come_and_go(written, server):
    catalogue = Shards(server.address, keep_gb=1 / GB).read()
    rows = catalogue.rows("train")
    first = cached_pictures(catalogue, rows, ShortSide(8))
    n_asked = len(server.got())
    again = cached_pictures(catalogue, rows, ShortSide(8))
    assert len(server.got()) == n_asked
    assert np.array_equal(np.asarray(first(int(rows[0]))), np.asarray(again(int(rows[0]))))


def test_the_query_of_a_signed_address_is_no_part_of_a_name():
    shards = [RemoteShard(f"https://host/b/{name}?signature=x/y.z", 1, "") for name in ("u/1.tar", "v/1.tar")]
    assert Copies(shards).names == ["u/1.tar", "v/1.tar"]
    with pytest.raises(DataError, match=r"https://host/b/\.\./a\.tar must be named without '\.\.'"):
        Copies([*shards, RemoteShard("https://host/b/../a.tar", 1, "")])
