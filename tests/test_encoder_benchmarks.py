"""The arithmetic of the encoders' benchmarks, on graphs and vectors whose figures are known."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from botaclip.core.encoders.graph_writer import GraphWriter

from .conftest import ROOT

# Benchmarks and scripts both have a module `checkout`: neither may be taken for the other by a later test.
_others = sys.modules.pop("checkout", None)
sys.path.insert(0, str(ROOT / "benchmarks"))

import encoder_dense  # noqa: E402
import encoder_graphs  # noqa: E402
import encoder_modes  # noqa: E402
import encoder_speed  # noqa: E402

sys.path.remove(str(ROOT / "benchmarks"))
sys.modules.pop("checkout", None)
if _others is not None:
    sys.modules["checkout"] = _others


def test_operations_are_two_for_each_multiplication() -> None:
    graph = GraphWriter()
    wide = graph.convolved("pixels", np.ones((8, 3, 5, 5)))  # 20 x 20 -> 16 x 16
    narrow = graph.convolved(wide, np.ones((2, 8, 1, 1)), stride=2)  # -> 8 x 8
    onnx = graph.serialised("test", 3, 2, [narrow])
    assert encoder_graphs.graph_flops(onnx, (1, 3, 20, 20)) == 2 * (16**2 * 8 * 75 + 8**2 * 2 * 8)
    assert encoder_graphs.graph_flops(onnx, (4, 3, 20, 20)) == 4 * encoder_graphs.graph_flops(onnx, (1, 3, 20, 20))
    product = encoder_speed._product(np.ones((32, 32), dtype=np.float32))
    assert encoder_graphs.graph_flops(product, (32, 32)) == 2 * 32**3


def test_random_weights_are_the_same_each_time_and_of_each_kind() -> None:
    one, other = (encoder_graphs._random(f"blocks.{i}.attn.qkv.weight", (96, 64)) for i in (0, 1))
    assert np.array_equal(one, encoder_graphs._random("blocks.0.attn.qkv.weight", (96, 64)))
    assert not np.array_equal(one, other)
    assert one.std() == pytest.approx(1 / 8, rel=0.05)
    assert encoder_graphs._random("norm.weight", (4000,)).mean() == pytest.approx(1, abs=0.01)
    assert encoder_graphs._random("norm.bias", (4000,)).mean() == pytest.approx(0, abs=0.01)
    assert encoder_graphs._random("bn1.running_var", (4000,)).min() >= 1
    assert encoder_graphs._random("blocks.0.gamma_1", (4000,)).mean() == pytest.approx(0.5, abs=0.01)
    assert encoder_graphs._random("bn1.num_batches_tracked", ()).dtype == np.int64


def test_cosines() -> None:
    one, other = np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([[6.0, 8.0], [1.0, 1.0]])
    assert encoder_speed.cosines(one, other) == pytest.approx(((1 + math.sqrt(0.5)) / 2, math.sqrt(0.5)))
    agreed = encoder_modes.agreement(one, other)
    assert agreed == pytest.approx({"median": (1 + math.sqrt(0.5)) / 2, "mean": (1 + math.sqrt(0.5)) / 2,
                                    "lowest": math.sqrt(0.5)})  # fmt: skip


def test_the_largest_difference_is_in_spreads_and_dead_dimensions_count() -> None:
    random = np.random.default_rng(0)
    dense = random.normal(0, [[2.0], [0.5], [0.0]], (3, 1000)).astype(np.float32)
    alone = dense.copy()
    alone[1, 7] += 0.01
    found = encoder_dense.Differences(3)
    for part in (slice(0, 400), slice(400, 1000)):
        found.add(dense[:, part], alone[:, part])
    assert found.count == 1000
    assert found.relative() == pytest.approx(0.01 / dense[1].std(), rel=1e-3)
    alone[2, 3] = 1e-6
    found.add(dense, alone)
    assert found.relative() == math.inf


def test_each_precision_is_held_against_the_best_product_of_its_own_type() -> None:
    def product(precision: str, flops: float, rates: list[float]) -> encoder_speed.Row:
        return encoder_speed.Row("product", precision, "cuda", 1, lambda: None, flops, "", rates=rates)

    products = [product("fp32", 100, [2, 5, 3]), product("fp32", 10, [40]), product("bf16", 100, [30, 20])]
    limits = encoder_speed.limits_of(products)
    assert limits == {"fp32": 500, "bf16": 3000}
    row = product("bf16", 10, [100, 150])
    assert row.to_json(limits["bf16"])["share_of_limit"] == pytest.approx(0.5)


def test_products_are_measured_beside_every_row_of_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_speed, "_LEAST_S", 1e-9)
    monkeypatch.setattr(encoder_speed, "_LEAST_LIMIT_S", 1e-9)
    ran: list[str] = []

    def row(name: str, batch: int = 1) -> encoder_speed.Row:
        return encoder_speed.Row(name, "fp32", "cpu", batch, lambda: ran.append(name), 1.0, "")

    rows, products = [row("a"), row("b", 8)], [row("product")]
    encoder_speed.measure(rows, 2, products)
    order = [name for name, before in zip(ran, [None, *ran], strict=False) if name != before]
    assert order == ["product", "a", "b", "product", "a", "product", "b", "product", "b", "product", "a"]
    assert [len(one.rates) for one in (*rows, *products)] == [2, 2, 4]
    assert all(rate > 0 for one in (*rows, *products) for rate in one.rates)


def test_the_limit_of_a_cpu_is_a_float32_product_for_all_precisions() -> None:
    products = encoder_speed.limit_rows("cpu", 1)
    assert {row.precision for row in products} == {"fp32"} and {row.device for row in products} == {"cpu"}
    assert {row.encoder.split()[0] for row in products} == {"torch", "onnxruntime"}
    assert {row.flops for row in products} == {2.0 * side**3 for side in (384, 768, 2048)}
    assert set(encoder_speed._TYPES["cuda"]) == {"fp32", "fp16", "bf16"}
