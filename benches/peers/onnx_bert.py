"""The published weights as an ONNX model, in f32 and in 8 bits.

The graph is written with the fused operators that ONNX Runtime's own optimiser makes of an exported BERT (Attention,
SkipLayerNormalization, BiasGelu), so that the runtime has nothing left to find. The 8-bit model is what its
``quantize_dynamic`` makes: weights of one byte with a scale for each output channel, activations quantised as they come.
It has the faster approximate GELU, which the f32 model is spared to stay the reference. Tried and found slower with AVX-512
VNNI: unsigned weights (by half), MatMulNBits of 8 bits (by half), MultiHeadAttention instead of Attention.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

MICROSOFT = "com.microsoft"


def build(weights: Path, out: Path) -> None:
    """Makes the f32 and the 8-bit file in this folder, if they are not there."""
    out.mkdir(parents=True, exist_ok=True)
    _keep(out / "minilm-f32.onnx", lambda path: onnx.save(_Graph(weights, gelu="BiasGelu").model(), path))
    _keep(out / "minilm-int8.onnx", lambda path: _quantized(weights, path))


def _keep(path: Path, make: Callable[[Path], None]) -> None:
    """Makes a file that is named so only when it is whole."""
    if path.exists():
        return
    partial = path.with_suffix(".partial.onnx")
    make(partial)
    partial.replace(path)


def _quantized(weights: Path, path: Path) -> None:
    quantize_dynamic(
        _Graph(weights, gelu="FastGelu").model(),
        path,
        per_channel=True,
        weight_type=QuantType.QInt8,
        # The types inside the fused operators cannot be inferred.
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )


class _Graph:
    """Nodes and tensors of the encoder: ids and mask of [batch, tokens] to states of [batch, tokens, hidden]."""

    def __init__(self, weights: Path, gelu: str) -> None:
        self.gelu = gelu
        self.config = json.loads((weights / "config.json").read_text())
        self.weights = load_file(weights / "model.safetensors")
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def model(self) -> onnx.ModelProto:
        """The whole graph, with its inputs and outputs named."""
        states, mask = self._embeddings()
        for layer in range(self.config["num_hidden_layers"]):
            states = self._layer(layer, states, mask)
        self.nodes[-1].output[0] = "states"
        shape = ["batch", "tokens"]
        graph = helper.make_graph(
            self.nodes,
            "minilm",
            [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name in ("ids", "mask")],
            [helper.make_tensor_value_info("states", TensorProto.FLOAT, [*shape, self.config["hidden_size"]])],
            self.tensors,
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def _embeddings(self) -> tuple[str, str]:
        """Normalised sums of word, position and type, and how many tokens each text has."""
        tables = [f"embeddings.{table}_embeddings.weight" for table in ("word", "position", "token_type")]
        # Of two types a single text has the first alone: added to every position, the table may be left out.
        word, position, kind = (self.weights[table] for table in tables)
        names = [self._tensor("word", word), self._tensor("position", position + kind[0])]
        norm = [self._weight(f"embeddings.LayerNorm.{part}") for part in ("weight", "bias")]
        inputs = ["ids", "", *names, "", *norm, "mask"]
        self._node("EmbedLayerNormalization", inputs, ["embedded", "lengths"], epsilon=self._epsilon())
        return "embedded", "lengths"

    def _layer(self, layer: int, states: str, mask: str) -> str:
        prefix = f"encoder.layer.{layer}"
        parts = [f"{prefix}.attention.self.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self.weights[f"{part}.weight"].T for part in parts], axis=1)
        bias = np.concatenate([self.weights[f"{part}.bias"] for part in parts])
        inputs = [states, self._tensor(f"{prefix}.qkv", weight), self._tensor(f"{prefix}.qkv.bias", bias), mask]
        heads = self.config["num_attention_heads"]
        attended = self._node("Attention", inputs, [f"{prefix}.attended"], num_heads=heads)
        dense = self._matmul(f"{prefix}.attention.output.dense", attended)
        middle = self._add_norm(f"{prefix}.attention.output", dense, states)
        wide = self._matmul(f"{prefix}.intermediate.dense", middle)
        bias_name = self._weight(f"{prefix}.intermediate.dense.bias")
        active = self._node(self.gelu, [wide, bias_name], [f"{prefix}.gelu"])
        return self._add_norm(f"{prefix}.output", self._matmul(f"{prefix}.output.dense", active), middle)

    def _matmul(self, name: str, states: str) -> str:
        weight = self._tensor(f"{name}.weight", self.weights[f"{name}.weight"].T)
        return self._node("MatMul", [states, weight], [f"{name}.product"], domain="")

    def _add_norm(self, name: str, states: str, skip: str) -> str:
        names = ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")
        inputs = [states, skip, *(self._weight(f"{name}.{part}") for part in names)]
        return self._node("SkipLayerNormalization", inputs, [f"{name}.normalised"], epsilon=self._epsilon())

    def _epsilon(self) -> float:
        return self.config["layer_norm_eps"]

    def _weight(self, name: str) -> str:
        return self._tensor(name, self.weights[name])

    def _tensor(self, name: str, values: np.ndarray) -> str:
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _node(self, kind: str, inputs: list[str], outputs: list[str], domain: str = MICROSOFT, **attributes) -> str:
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], domain=domain, **attributes))
        return outputs[0]
