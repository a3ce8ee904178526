"""Whatever a damaged adapter says, it is read or refused in one line, and llama.cpp never ends the process at it."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stesim.errors import ModelError
from stesim.models.header import fingerprint, read_header
from stesim.models.lora import lasting, parse, read_adapter
from tests.tiny import make_adapter, make_tiny

# Loads each adapter that is not refused, and asks the model with it.
LOAD = """
import sys
from pathlib import Path
from stesim.errors import ModelError
from stesim.models.llamacpp import LlamaCppModel
model, *adapters = sys.argv[1:]
for adapter in adapters:
    try:
        loaded = LlamaCppModel(Path(model), thread_count=1, lora=adapter)
    except ModelError as error:
        print("refused", error)
        continue
    assert loaded.logits([1, 5, 6], [7, 8]).shape == (2, loaded._llm.n_vocab())
    loaded.close()
    print("used")
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    make_tiny(folder / "tiny.gguf", context=64)
    make_adapter(folder / "adapter.gguf", layers=1, rank=2, about={"stesim.data.fingerprint": "d"})
    return folder


changes = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4)


@given(changes=changes, end=st.floats(0, 1))
@example(changes=[(0.0, 71)], end=1.0)
def test_a_damaged_adapter_is_read_or_refused(changes: list[tuple[float, int]], end: float, files: Path) -> None:
    data = bytearray((files / "adapter.gguf").read_bytes())
    head = read_header(files / "adapter.gguf").data
    for place, byte in changes:
        data[int(place * head)] = byte
    path, model = files / "damaged.gguf", files / "tiny.gguf"
    path.write_bytes(data[: int(end * len(data))])
    said = ""
    try:
        read_adapter(path, model, fingerprint(model))
    except ModelError as error:
        said = str(error)
    assert "\n" not in said
    assert str(path) in said or (not said and end == 1.0)


def test_llama_cpp_survives_what_is_not_refused(files: Path) -> None:
    whole, rng = (files / "adapter.gguf").read_bytes(), random.Random(3)
    head, paths = read_header(files / "adapter.gguf").data, []
    for number in range(150):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 1, 2))):
            place = rng.randrange(head)
            data[place] = rng.choice((0, 1, 255, data[place] ^ (1 << rng.randrange(8))))
        paths.append(files / f"damaged-{number}.gguf")
        paths[-1].write_bytes(data)
    words = [sys.executable, "-c", LOAD, str(files / "tiny.gguf"), *map(str, paths)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout.splitlines()
    assert len(said) >= len(paths)
    assert sum(line == "used" for line in said) > 3


@given(st.text(st.characters(exclude_characters="\0/", exclude_categories=("Cs",)), min_size=1, max_size=20),
       st.floats(-100, 100).filter(bool))  # fmt: skip
def test_an_adapter_and_its_scale_come_back_from_their_text(files: Path, name: str, scale: float) -> None:
    path = (files / name).resolve()
    spec = lasting(path, scale)
    if scale == 1.0 and ":" in name:
        return  # the file has to be there
    assert parse(spec) == (path, scale)
