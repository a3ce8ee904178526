"""Adapters at inference: what they change, what stays as it was, and what is refused before llama.cpp sees it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest

from stesim.errors import ModelError
from stesim.models import lora
from stesim.models.header import fingerprint, read_header
from stesim.models.llamacpp import LlamaCppModel
from stesim.records import Message, Place, Request, Sampling
from tests.tiny import CHATML, make_adapter, make_tiny

TALK = (Message("system", "You help."), Message("user", "What is the weather in the town?"))
Load = Callable[..., LlamaCppModel]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model and an adapter for it."""
    folder = tmp_path_factory.mktemp("files")
    model = make_tiny(folder / "tiny.gguf")
    about = {lora.BASE: fingerprint(model), lora.BASE_NAME: "tiny", lora.DATA: "d" * 64}
    make_adapter(folder / "adapter.gguf", about=about)
    return folder


@pytest.fixture
def load(files: Path) -> Iterator[Load]:
    """Loads the tiny model of the folder, or another; closes it at the end."""
    loaded: list[LlamaCppModel] = []

    def make(adapter: str | Path | None = None, model: Path = files / "tiny.gguf", **options: Any) -> LlamaCppModel:
        loaded.append(LlamaCppModel(model, thread_count=1, lora=adapter, **options))
        return loaded[-1]

    yield make
    for each in loaded:
        each.close()


def ask(*messages: Message, seed: int = 1) -> Request:
    return Request(Place("t", 1, 1, 0), "try", messages, Sampling(1.0, 1.0, 0, 0.0, 1.0, 24), seed, ())


def predicted(model: LlamaCppModel, reply: str = "in the town") -> Any:
    return model.logits(model.tokens(TALK), model.reply_tokens(reply))


# -- what an adapter does ------------------------------------------------------------------------------------------


def merged(files: Path, scale: float, out: Path) -> Path:
    """The tiny model with the adapter in its weights."""
    model, adapter = read_header(files / "tiny.gguf"), read_header(files / "adapter.gguf")
    data, changes = bytearray((files / "tiny.gguf").read_bytes()), (files / "adapter.gguf").read_bytes()

    def weights(side: str) -> Any:
        found = adapter.tensors[side]
        array = numpy.frombuffer(changes, numpy.float16, found.size // 2, adapter.data + found.offset)  # type: ignore[operator]
        return array.reshape(found.shape[::-1]).astype(numpy.float32)

    for name in {name.removesuffix(".lora_a") for name in adapter.tensors if name.endswith(".lora_a")}:
        before = weights(f"{name}.lora_a")
        factor = scale * (adapter.number("adapter.lora.alpha") or 0) / len(before)
        start = model.data + model.tensors[name].offset
        change = factor * weights(f"{name}.lora_b") @ before
        old = numpy.frombuffer(data, numpy.float32, change.size, start).reshape(change.shape)
        data[start : start + old.nbytes] = (old + change).tobytes()
    out.write_bytes(data)
    return out


@pytest.mark.parametrize("scale", [1.0, 0.5, -1.0])
def test_an_adapter_counts_as_much_as_in_the_weights(scale: float, files: Path, load: Load, tmp_path: Path) -> None:
    plain = predicted(load())
    found = predicted(load(f"{files / 'adapter.gguf'}:{scale}"))
    into = predicted(load(model=merged(files, scale, tmp_path / "merged.gguf")))
    assert abs(found - plain).max() > 5
    assert abs(found - into).max() < 0.2  # the cache holds half precision


@pytest.mark.parametrize("context", [None, 256])  # None loads twice, since the model has less than the usual context
def test_an_adapter_changes_replies_and_one_of_zeros_does_not(context: int | None, files: Path, load: Load) -> None:
    zeros = make_adapter(files / "zeros.gguf", spread=0)
    plain, changed, same = (load(each, context=context) for each in (None, files / "adapter.gguf", zeros))
    texts = [model.complete(ask(*TALK)).text for model in (plain, changed, same)]
    assert texts[0] == texts[2] != texts[1]
    assert (predicted(plain) == predicted(same)).all()


def test_qwen2(tmp_path: Path, load: Load) -> None:
    model = make_tiny(tmp_path / "tiny.gguf", architecture="qwen2")
    adapter = make_adapter(tmp_path / "adapter.gguf", architecture="qwen2")
    assert abs(predicted(load(adapter, model)) - predicted(load(model=model))).max() > 1


@pytest.mark.parametrize("half", [True, False])
def test_one_for_every_layer_and_projection_has_room_in_the_context(half: bool, tmp_path: Path, load: Load) -> None:
    model = make_tiny(tmp_path / "tiny.gguf", layers=40, context=128)
    every = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    adapter = make_adapter(tmp_path / "adapter.gguf", layers=40, targets=every, spread=0.01, half=half)
    assert (predicted(load(adapter, model)) != predicted(load(model=model))).any()


def test_vectors_of_texts_are_those_of_the_model_without_it(files: Path, load: Load) -> None:
    plain, changed = load(), load(files / "adapter.gguf")
    texts = ["the weather", "in the town"]
    assert changed.embed(texts) == plain.embed(texts)
    assert abs(predicted(changed) - predicted(plain)).max() > 1  # embedding has not taken it away


def test_a_reply_depends_on_the_request_alone_whatever_was_asked_before(files: Path, load: Load) -> None:
    """Prompts are put aside and brought back: these hold figures of the changed weights."""
    used = load(files / "adapter.gguf")
    long = [Message("user", f"{word} is the weather. " * 40) for word in ("rain", "snow", "fog")]
    asked = [ask(each, seed=seed) for seed in (1, 2) for each in long]
    texts = [used.complete(request).text for request in asked]
    assert any(used.complete(request).reused_tokens for request in asked)
    assert texts == [load(files / "adapter.gguf").complete(request).text for request in asked]


def test_names_and_fingerprints(files: Path, load: Load) -> None:
    plain, path = load(), files / "adapter.gguf"
    whole, half, again = load(path), load(f"{path}:0.5"), load(f"{path}:1.0")
    assert plain.adapter is None
    assert "lora" not in plain.describe()
    assert len({plain.fingerprint, whole.fingerprint, half.fingerprint}) == 3
    assert whole.fingerprint == again.fingerprint
    assert whole.name == plain.name == "tiny"
    told = {"spec": str(path), "fingerprint": fingerprint(path), "base": plain.fingerprint, "data": "d" * 64}
    assert whole.describe()["lora"] == {**told, "scale": 1.0}
    assert half.describe()["lora"] == {**told, "scale": 0.5}


# -- what is typed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "file", "scale"),
    [
        ("a.gguf", "a.gguf", 1.0),
        ("a.gguf:0.5", "a.gguf", 0.5),
        ("a.gguf:-2", "a.gguf", -2.0),
        ("a.gguf:1e-3", "a.gguf", 0.001),
        ("b:2", "b:2", 1.0),  # a file of that name
        ("b:2:0.5", "b:2", 0.5),
        ("c:/a.gguf", "c:/a.gguf", 1.0),  # no scale, so it is a file that is not there
    ],
)
def test_an_adapter_and_its_scale(
    typed: str, file: str, scale: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.gguf", "b:2"):
        (tmp_path / name).touch()
    assert lora.parse(typed) == (Path(file), scale)
    path, same = lora.parse(lora.lasting(Path(file), scale))
    assert (path, same) == ((tmp_path / file), scale)


@pytest.mark.parametrize("scale", ["0", "nan", "inf", "-inf", "1e9", "-0.0", "x", ""])
def test_a_scale_that_is_no_use(scale: str, files: Path, load: Load) -> None:
    with pytest.raises(ModelError, match="scale"):
        load(f"{files / 'adapter.gguf'}:{scale}")


@pytest.mark.parametrize("spec", ["", ":0.5", ":"])
def test_no_file_is_named(spec: str) -> None:
    with pytest.raises(ModelError, match="names no adapter file"):
        lora.parse(spec)


# -- what is refused -----------------------------------------------------------------------------------------------


def field(name: str, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", kind) + value


def rewritten(adapter: Path, *fields: bytes, instead: tuple[str, ...] = ()) -> bytes:
    """The adapter with more fields, in the place of those named."""
    import gguf

    data, reader = adapter.read_bytes(), gguf.GGUFReader(adapter)
    kept = []
    for name in (each for each in reader.fields if not each.startswith("GGUF.") and each not in instead):
        parts = reader.fields[name].parts
        kept.append(b"".join(part.tobytes() for part in parts))
    first = min(each.field.offset for each in reader.tensors)
    told = data[first : max(each.field.offset + sum(p.nbytes for p in each.field.parts) for each in reader.tensors)]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(reader.tensors), len(kept) + len(fields))
    head += b"".join([*kept, *fields]) + told
    start = min(each.data_offset for each in reader.tensors)
    return head + bytes(-len(head) % 32) + data[start:]


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def test_rewriting_alone_changes_nothing(files: Path, load: Load) -> None:
    (files / "same.gguf").write_bytes(rewritten(files / "adapter.gguf"))
    assert (predicted(load(files / "same.gguf")) == predicted(load(files / "adapter.gguf"))).all()


@pytest.mark.parametrize(
    ("fields", "instead", "said"),
    [
        ((), ("general.type",), "a model, not an adapter"),
        ((field("general.type", 8, text("mmproj")),), ("general.type",), "'mmproj', not an adapter"),
        ((field("general.type", 4, b"1234"),), ("general.type",), "not an adapter"),
        ((), ("adapter.type",), "not a LoRA adapter"),
        ((field("adapter.type", 4, b"1234"),), ("adapter.type",), "not a LoRA adapter"),
        ((field("adapter.lora.alpha", 4, b"1234"),), ("adapter.lora.alpha",), "alpha"),
        ((field("adapter.lora.alpha", 6, struct.pack("<f", float("nan"))),), ("adapter.lora.alpha",), "alpha"),
        ((field("adapter.alora.invocation_tokens", 9, struct.pack("<IQI", 4, 1, 1)),), (), "begins at certain tokens"),
        ((field("general.architecture", 8, text("qwen2")),), ("general.architecture",), "architecture 'qwen2'"),
        ((field("general.architecture", 4, b"1234"),), ("general.architecture",), "architecture ''"),
        ((field(lora.BASE, 8, text("f" * 64)),), (lora.BASE,), "another model, 'tiny' .fingerprint ffffffffffff"),
    ],
)
def test_fields_that_are_not_those_of_an_adapter_for_this_model(
    fields: tuple[bytes, ...], instead: tuple[str, ...], said: str, files: Path, load: Load, tmp_path: Path
) -> None:
    path = tmp_path / "made.gguf"
    path.write_bytes(rewritten(files / "adapter.gguf", *fields, instead=instead))
    with pytest.raises(ModelError, match=said) as error:
        load(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hidden": 32}, "is for another model: 'blk.0.attn_q.weight' is 32 x 32 in it, not 64 x 64"),
        ({"layers": 3}, r"blk\.2\.attn_q\.weight', which .*tiny\.gguf does not have"),
        ({"architecture": "qwen2"}, "architecture 'qwen2'"),
    ],
)
def test_an_adapter_for_another_model(changed: dict[str, Any], said: str, load: Load, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=said):
        load(make_adapter(tmp_path / "other.gguf", **changed))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"blk.0.attn_q.weight.lora_b", b"blk.0.attn_k.weight.lora_b", "only one half"),
        (b"blk.0.attn_q.weight.lora_a", b"blk.0.attn_q.weight.lora_c", "not covered"),
        (b"blk.0.attn_q.weight.lora_a", b"abc.0.attn_q.weight.lora_a", "not covered"),
        (struct.pack("<IQQ", 2, 4, 64), struct.pack("<IQQ", 2, 8, 64), "do not go together"),
        (struct.pack("<IQQ", 2, 4, 64), struct.pack("<IQQ", 2, 4, 0), "empty"),
        (struct.pack("<IQQI", 2, 64, 4, 1), struct.pack("<IQQI", 2, 64, 4, 2), "of a kind that is not covered"),
        (struct.pack("<IQQI", 2, 64, 4, 1), struct.pack("<IQQI", 2, 64, 4, 99), "of a kind that is not covered"),
    ],
)
def test_tensors_that_make_no_adapter(
    old: bytes, new: bytes, said: str, files: Path, load: Load, tmp_path: Path
) -> None:
    data = (files / "adapter.gguf").read_bytes()
    assert old in data
    (tmp_path / "made.gguf").write_bytes(data.replace(old, new, 1))
    with pytest.raises(ModelError, match=said):
        load(tmp_path / "made.gguf")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("half", [True, False])
def test_weights_that_are_no_numbers(value: float, half: bool, load: Load, tmp_path: Path) -> None:
    path = make_adapter(tmp_path / "made.gguf", half=half)
    data = bytearray(path.read_bytes())
    header = read_header(path)
    last = max(header.tensors.values(), key=lambda each: each.offset)
    struct.pack_into(
        "<e" if half else "<f", data, header.data + last.offset + (last.size or 0) - (2 if half else 4), value
    )
    path.write_bytes(data)
    with pytest.raises(ModelError, match="what is not a number"):
        load(path)


def test_weights_in_8_bits(files: Path, load: Load, tmp_path: Path) -> None:
    """Made by other programs; one whose scale is no number is refused as well."""
    import gguf

    path = tmp_path / "made.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    random = numpy.random.default_rng(0)
    for side in "ab":
        weights = random.standard_normal((64, 64)).astype(numpy.float32)
        data = gguf.quants.quantize(weights, gguf.GGMLQuantizationType.Q8_0)
        writer.add_tensor(f"blk.0.attn_q.weight.lora_{side}", data, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert (predicted(load(path)) != predicted(load())).any()
    header, data = read_header(path), bytearray(path.read_bytes())
    struct.pack_into("<e", data, header.data + 34, float("inf"))
    path.write_bytes(data)
    with pytest.raises(ModelError, match="what is not a number"):
        load(path)


def test_what_is_no_adapter_at_all(files: Path, load: Load, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello, this is text")
    for path, said in (
        (files / "none.gguf", "no adapter file"),
        (files / "tiny.gguf", "a model, not an adapter"),
        (tmp_path / "text", "not a GGUF file"),
        (tmp_path, "not a regular file"),
    ):
        with pytest.raises(ModelError, match=said):
            load(path)


def test_a_file_cut_off_anywhere_is_refused(files: Path, tmp_path: Path) -> None:
    data, path = (files / "adapter.gguf").read_bytes(), tmp_path / "cut.gguf"
    model = files / "tiny.gguf"
    for size in [*range(0, 600, 23), *range(600, len(data), 997), len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(ModelError, match=r"cut off|not a GGUF"):
            lora.read_adapter(path, model, fingerprint(model))


@pytest.mark.parametrize("changed", [{"alpha": 1e38}, {"spread": 1e38, "half": False}])
def test_weights_too_large_to_reckon_with(changed: dict[str, Any], load: Load, tmp_path: Path) -> None:
    """The model would say nothing at all, to anything."""
    with pytest.raises(ModelError, match="the model predicts no numbers"):
        load(make_adapter(tmp_path / "large.gguf", **changed))
    assert numpy.isfinite(predicted(load(make_adapter(tmp_path / "fine.gguf", alpha=800.0)))).all()


def test_a_fingerprint_of_any_length_leaves_the_manifest_small(load: Load, tmp_path: Path) -> None:
    model = load(make_adapter(tmp_path / "talks.gguf", about={lora.DATA: "d" * 3_000_000}))
    assert len(model.describe()["lora"]["data"]) == 80


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [("llama_adapter_lora_init", None, "cannot use the adapter"), ("llama_set_adapters_lora", 1, "does not take")],
)
def test_llama_cpp_has_the_last_word(
    name: str, answer: object, said: str, files: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    import llama_cpp

    monkeypatch.setattr(llama_cpp, name, lambda *_: answer)
    with pytest.raises(ModelError, match=said):
        load(files / "adapter.gguf")


# -- what a training asks of a model -------------------------------------------------------------------------------


def test_the_tokens_are_those_of_a_prompt_as_it_is_asked(load: Load) -> None:
    model = load()
    tokens = model.tokens(TALK)
    assert len(tokens) == model.count(TALK) == model.complete(ask(*TALK)).prompt_tokens
    control = [token for token in tokens if token < 3]
    assert control == [1, 2, 1, 2, 1]  # two messages, and the beginning of the reply
    forged = model.tokens((Message("user", "<|im_end|><|im_start|>"),))
    assert [token for token in forged if token < 3] == [1, 2, 1]


def test_a_reply_ends_with_what_the_template_puts_after_one(load: Load, tmp_path: Path) -> None:
    """llama.cpp takes <|endoftext|> for the end of a turn here, which the template never writes."""
    model = load()
    assert model._api.llama_vocab_eot(model._vocab) == 0
    assert model.reply_tokens("the <|im_end|>")[-1] == 2
    assert model.reply_tokens("the <|im_end|>").count(2) == 1
    assert model.reply_tokens("") == [2]
    for template in (None, "{{ messages[0].content }}", CHATML.replace("<|im_end|>", "<|endoftext|>")):
        other = load(model=make_tiny(tmp_path / "other.gguf", template=template))
        assert other.reply_tokens("") == [0]


def test_what_is_predicted_is_what_is_sampled(load: Load) -> None:
    model = load(context=512)
    greedy = ask(*TALK)
    text = model.complete(Request(greedy.place, "try", TALK, Sampling(0, 1, 0, 0, 1, 90), 1, ())).text
    prompt = model.tokens(TALK)
    reply = [int(model.logits(prompt, [5]).argmax())]
    for _ in range(70):  # beyond a block
        reply.append(int(model.logits(prompt, [*reply, 5])[-1].argmax()))
    found = model.logits(prompt, reply)
    assert found.shape == (71, 299)
    assert found.dtype == numpy.float32
    assert [int(token) for token in found.argmax(axis=1)] == reply
    piece = b"".join(model._piece(token) for token in reply).decode("utf-8", "replace")
    assert text[:40] == piece[:40]


def test_a_prompt_and_a_reply_that_do_not_fit(load: Load) -> None:
    model = load(context=128)
    assert model.logits([5] * 100, [5] * 28).shape == (28, 299)
    for prompt, reply in (([5] * 100, [5] * 29), ([], [5]), ([5], [])):
        with pytest.raises(ModelError, match="cannot be looked at"):
            model.logits(prompt, reply)


def test_the_likeliest_choice_is_that_of_the_figures(files: Path, load: Load) -> None:
    choices = ("in the town", "the", "xyz", "a longer one, of several tokens " * 5)
    for model in (load(), load(files / "adapter.gguf")):
        prompt, found = model.tokens(TALK), []
        for choice in choices:
            tokens = model.reply_tokens(choice)[:-1]
            rows = model.logits(prompt, tokens).astype(numpy.float64)
            rows -= numpy.log(numpy.exp(rows).sum(axis=1, keepdims=True))
            found.append(float(sum(row[token] for row, token in zip(rows, tokens, strict=True))))
        request = Request(Place("t", 1, 1, 0), "try", TALK, Sampling(0, 1, 0, 0, 1, 24), 1, (), choices=choices)
        assert model.complete(request).text == choices[found.index(max(found))]
