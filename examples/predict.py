#!/usr/bin/env python3
"""Predicts with a weights file of MTL Playground, with numpy and nothing else.

    python3 predict.py weights.json "The battery died after a week"
    python3 predict.py weights.json --user 3 --item 7
    python3 predict.py weights.json --json "..."          numbers for a program
    python3 predict.py weights.json --tokens "..."        the tokens of a text, as JSON

A feature of the data set is given as `--KEY VALUE` (its key is in the file's data.schema); a text may stand alone.
Features that are left out take their neutral value: no tokens, id 0, the mean. The file is described in
docs/weights-format.md. The numbers agree with the page's to 1e-5.
"""

import json
import math
import sys
import unicodedata

import numpy as np

FORMAT, VERSION = "mtl-playground/weights", 1
UNKNOWN = 1


# Tokens: the words of Unicode Standard Annex 29 that have a letter or a digit, lower-cased.

def is_ideograph(c):
    """Characters that are words of their own: Han, Hiragana."""
    code = ord(c)
    return (0x3400 <= code <= 0x4DBF or 0x4E00 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF
            or 0x20000 <= code <= 0x3FFFF or 0x3041 <= code <= 0x309F or code in (0x3005, 0x3006, 0x3007))


def is_katakana(c):
    code = ord(c)
    return 0x30A1 <= code <= 0x30FA or 0x30FC <= code <= 0x30FF or 0x31F0 <= code <= 0x31FF or 0xFF66 <= code <= 0xFF9D


def word_class(c):
    """The property Word_Break of a character, as far as words of letters and digits need it."""
    if c in "\r\n\x0b\x0c\x85\u2028\u2029":
        return "newline"
    if c == "\u200b":
        return "other"
    if c in ".'\u2018\u2019\u2024\ufe52\uff07\uff0e":
        return "mid_num_let"
    if c in ":\u00b7\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a":
        return "mid_letter"
    if c in ",;\u037e\u0589\u060c\u060d\u066c\u07f8\u2044\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b":
        return "mid_num"
    category = unicodedata.category(c)
    if category in ("Mn", "Me", "Mc") or c in "\u200c\u200d\uff9e\uff9f" or 0x1F3FB <= ord(c) <= 0x1F3FF:
        return "extend"
    if category == "Cf":
        return "format"
    if category == "Nd":
        return "numeric"
    if category == "Pc" or c == "\u202f":
        return "extend_num_let"
    if is_katakana(c):
        return "katakana"
    if is_ideograph(c):
        return "other"
    if category[0] == "L" or category == "Nl" or 0x24B6 <= ord(c) <= 0x24E9:
        return "letter"
    return "other"


def joined(before, i, j, after):
    """Whether there is no boundary between two characters of classes i and j (rules WB5 to WB13b), of which one of
    class `before` stands before i and one of class `after` after j ("" outside the text)."""
    if i == "letter" and j == "letter":
        return True
    if i == "letter" and j in ("mid_letter", "mid_num_let") and after == "letter":
        return True
    if i in ("mid_letter", "mid_num_let") and j == "letter" and before == "letter":
        return True
    if i in ("numeric", "letter") and j in ("numeric", "letter"):
        return True
    if i in ("mid_num", "mid_num_let") and j == "numeric" and before == "numeric":
        return True
    if i == "numeric" and j in ("mid_num", "mid_num_let") and after == "numeric":
        return True
    if i == "katakana" and j == "katakana":
        return True
    joins = ("letter", "numeric", "katakana", "extend_num_let")
    return (j == "extend_num_let" and i in joins) or (i == "extend_num_let" and j in joins)


def tokenize(text):
    """Lower-cased words of a text; a Chinese character is a word."""
    # Extending and format characters belong to the character before them (WB4), except after a line break.
    units = []
    for c in text:
        kind = word_class(c)
        if kind in ("extend", "format") and units and units[-1][1] != "newline":
            units[-1][0].append(c)
        else:
            units.append(([c], kind))
    kinds = ["", *(kind for _, kind in units), "", ""]
    words, start = [], 0
    for place in range(1, len(units) + 1):
        if place == len(units) or not joined(*kinds[place - 1:place + 3]):
            word = "".join(c for unit, _ in units[start:place] for c in unit)
            if any(unicodedata.category(c)[0] == "L" or unicodedata.category(c) in ("Nd", "Nl", "No") for c in word):
                words.append(word.lower().replace("\u2019", "'"))
            start = place
    return words


# Layers: a value is (numbers, mask); the mask of a sequence says which steps are real, None where all are.

def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -80, 80)))


ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: x * (1 + np.vectorize(math.erf, otypes=[np.float64])(x / math.sqrt(2))) / 2,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "softmax": softmax,
}


MERGES = {
    "add": lambda x: x.sum(axis=0),
    "subtract": lambda x: x[0] - x[1],
    "multiply": lambda x: x.prod(axis=0),
    "average": lambda x: x.mean(axis=0),
    "maximum": lambda x: x.max(axis=0),
}


class Model:
    """The network of a weights file."""

    def __init__(self, file):
        if file.get("format") != FORMAT or file.get("version") != VERSION:
            raise SystemExit(f"expected a {FORMAT} file of version {VERSION}, "
                             f"got {file.get('format')} version {file.get('version')}")
        self.nodes = {node["id"]: node for node in file["design"]["nodes"]}
        self.wires = sorted(file["design"]["wires"], key=lambda wire: (wire["to"].get("handle", 0), wire["id"]))
        schema = file["data"]["schema"]
        self.features = {feature["key"]: feature for feature in schema["features"]}
        self.labels = {label["key"]: label for label in schema["labels"]}
        self.ids = {vocabulary["feature"]: {token: i for i, token in enumerate(vocabulary["tokens"]) if i > UNKNOWN}
                    for vocabulary in file["data"]["vocabularies"]}
        self.scales = {scale["feature"]: scale for scale in file["data"]["scales"]}
        self.parameters = {}
        for parameter in file["parameters"]:
            values = np.array(parameter["values"], dtype=np.float32)
            self.parameters[parameter["name"]] = values.reshape(parameter["shape"])

    def parameter(self, node, name):
        return self.parameters[f"{node['name']}/{name}"]

    def numbers(self, key, given):
        """A feature of the example as an array."""
        kind = self.features[key]["kind"]
        if kind["type"] == "tokens":
            ids = [self.ids[key].get(word, UNKNOWN) for word in tokenize(given.get(key, ""))][:kind["length"]]
            return np.array(ids + [0] * (kind["length"] - len(ids)))
        if kind["type"] == "id":
            number = int(given.get(key, 0))
            if not 0 <= number < kind["cardinality"]:
                raise SystemExit(f"{key}: expected an id below {kind['cardinality']}, got {number}")
            return np.array(number)
        if key not in given:
            return np.zeros(kind["width"], dtype=np.float32)
        values = np.array([float(value) for value in str(given[key]).split(",")], dtype=np.float32)
        if len(values) != kind["width"]:
            raise SystemExit(f"{key}: expected {kind['width']} numbers separated by commas, got {len(values)}")
        scale = self.scales[key]
        return (values - np.float32(scale["means"])) / np.float32(scale["deviations"])

    def predict(self, given):
        """Task name -> probabilities (two for binary: no, yes; one per label), or the predicted number."""
        values, outputs = {}, {}

        def value_of(node_id):
            if node_id not in values:
                node = self.nodes[node_id]
                incoming = [value_of(wire["from"]["node"]) for wire in self.wires if wire["to"]["node"] == node_id]
                compute = getattr(self, node["layer"]["type"], None)
                if compute is None:
                    raise SystemExit(f"the layer {node['layer']['type']} is not known to this program")
                values[node_id] = compute(node, node["layer"], incoming, given)
            return values[node_id]

        for node_id, node in self.nodes.items():
            if node["layer"]["type"].endswith("_head"):
                outputs[node["name"]] = value_of(node_id)[0]
        return outputs

    def token_input(self, node, layer, incoming, given):
        return self.numbers(layer["feature"], given), None

    id_input = dense_input = token_input

    def embedding(self, node, layer, incoming, given):
        ids = incoming[0][0]
        return self.parameter(node, "embeddings")[ids], (ids != 0 if ids.ndim and layer["mask_zero"] else None)

    def global_average_pooling(self, node, layer, incoming, given):
        x, mask = incoming[0]
        mask = np.ones(len(x), bool) if mask is None else mask
        return x[mask].sum(axis=0) / max(mask.sum(), 1), None

    def global_max_pooling(self, node, layer, incoming, given):
        x, mask = incoming[0]
        x = x if mask is None else x[mask]
        return x.max(axis=0) if len(x) else np.zeros(x.shape[1], np.float32), None

    def embedding_bag(self, node, layer, incoming, given):
        ids = incoming[0][0]
        total = self.parameter(node, "embeddings")[ids[ids != 0]].sum(axis=0)
        return total / max((ids != 0).sum(), 1) if layer["combine"] == "mean" else total, None

    def positional_embedding(self, node, layer, incoming, given):
        x, mask = incoming[0]
        return x + self.parameter(node, "embeddings"), mask

    def attention_pooling(self, node, layer, incoming, given):
        x, mask = incoming[0]
        x = x if mask is None else x[mask]
        hidden = np.tanh(x @ self.parameter(node, "hidden_kernel") + self.parameter(node, "hidden_bias"))
        scores = (hidden @ self.parameter(node, "score_kernel"))[:, 0]
        return softmax(scores) @ x if len(x) else np.zeros(x.shape[1], np.float32), None

    def self_attention(self, node, layer, incoming, given):
        x, mask = incoming[0]
        heads = []
        for name in ("query", "key", "value"):
            y = x @ self.parameter(node, f"{name}_kernel") + self.parameter(node, f"{name}_bias")
            heads.append(y.reshape(len(x), layer["heads"], layer["head_width"]).swapaxes(0, 1))
        queries, keys, values = heads
        known = slice(None) if mask is None else mask
        scores = queries @ keys[:, known].swapaxes(1, 2) / np.float32(math.sqrt(layer["head_width"]))
        y = softmax(scores) @ values[:, known] if scores.shape[-1] else np.zeros_like(values)
        y = y.swapaxes(0, 1).reshape(len(x), -1)
        return y @ self.parameter(node, "output_kernel") + self.parameter(node, "output_bias"), mask

    def conv1d(self, node, layer, incoming, given):
        x, mask = incoming[0]
        kernel, stride, length = self.parameter(node, "kernel"), layer["strides"], len(x)
        x = x if mask is None else x * mask[:, None]
        window = len(kernel)
        n_windows = -(-length // stride)
        before = window - 1
        if layer["padding"] == "valid":
            n_windows, before = (length - window) // stride + 1, 0
        elif layer["padding"] == "same":
            before = max((n_windows - 1) * stride + window - length, 0) // 2
        x = np.pad(x, ((before, window + n_windows * stride), (0, 0)))
        windows = np.stack([x[t * stride:t * stride + window].reshape(-1) for t in range(n_windows)])
        y = windows @ kernel.reshape(-1, kernel.shape[-1]) + self.parameter(node, "bias")
        return ACTIVATIONS[layer["activation"]](y), None if mask is None else mask[::stride][:n_windows]

    def recurrent(self, node, cell, units, names, steps):
        """The state after each step of a sequence, which is (input, whether it counts)."""
        kernel, recurrent, bias = (self.parameter(node, name) for name in names)
        h = c = np.zeros(units, np.float32)
        states = []
        for x, counts in steps:
            if counts and cell == "lstm":
                i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
            elif counts:
                (az, ar, ah), (ez, er, eh) = np.split(x @ kernel + bias[0], 3), np.split(h @ recurrent + bias[1], 3)
                z = sigmoid(az + ez)
                h = z * h + (1 - z) * np.tanh(ah + sigmoid(ar + er) * eh)
            states.append(h)
        return np.stack(states)

    def lstm(self, node, layer, incoming, given):
        x, mask = incoming[0]
        steps = zip(x, np.ones(len(x), bool) if mask is None else mask)
        names = ("kernel", "recurrent_kernel", "bias")
        states = self.recurrent(node, layer["type"], layer["units"], names, steps)
        return (states, mask) if layer["return_sequences"] else (states[-1], None)

    gru = lstm

    def bidirectional(self, node, layer, incoming, given):
        x, mask = incoming[0]
        steps = list(zip(x, np.ones(len(x), bool) if mask is None else mask))
        sides = []
        for direction, order in (("forward", 1), ("backward", -1)):
            names = [f"{direction}_{name}" for name in ("kernel", "recurrent_kernel", "bias")]
            states = self.recurrent(node, layer["cell"], layer["units"], names, steps[::order])
            sides.append(states[::order] if layer["return_sequences"] else states[-1])
        y = np.concatenate(sides, axis=-1) if layer["merge"] == "concatenate" else sum(sides)
        y = y / 2 if layer["merge"] == "average" else y
        if not layer["return_sequences"]:
            return y, None
        return y if mask is None else y * mask[:, None], mask

    def affine(self, node, use_bias, x):
        y = x @ self.parameter(node, "kernel")
        return y + self.parameter(node, "bias") if use_bias else y

    def dense(self, node, layer, incoming, given):
        x, mask = incoming[0]
        return ACTIVATIONS[layer["activation"]](self.affine(node, layer["use_bias"], x)), mask

    def dropout(self, node, layer, incoming, given):
        return incoming[0]

    gaussian_noise = gradient_reversal = stop_gradient = dropout

    def scale(self, node, layer, incoming, given):
        x, mask = incoming[0]
        return x * np.float32(layer["factor"]), mask

    def slice(self, node, layer, incoming, given):
        x, mask = incoming[0]
        return x[..., layer["start"]:layer["start"] + layer["width"]], mask

    def layer_normalization(self, node, layer, incoming, given):
        x, mask = incoming[0]
        deviation = np.sqrt(x.var(axis=-1, keepdims=True) + np.float32(layer["epsilon"]))
        y = (x - x.mean(axis=-1, keepdims=True)) / deviation
        return y * self.parameter(node, "gamma") + self.parameter(node, "beta"), mask

    def batch_normalization(self, node, layer, incoming, given):
        x, mask = incoming[0]
        deviation = np.sqrt(self.parameter(node, "moving_variance") + np.float32(layer["epsilon"]))
        y = (x - self.parameter(node, "moving_mean")) / deviation
        return y * self.parameter(node, "gamma") + self.parameter(node, "beta"), mask

    def unit_normalization(self, node, layer, incoming, given):
        x, mask = incoming[0]
        return x / np.sqrt(np.maximum((x * x).sum(axis=-1, keepdims=True), np.float32(1e-12))), mask

    def flatten(self, node, layer, incoming, given):
        return incoming[0][0].reshape(-1), None

    def concatenate(self, node, layer, incoming, given):
        masks = [mask for _, mask in incoming if mask is not None]
        return np.concatenate([x for x, _ in incoming], axis=-1), np.logical_and.reduce(masks) if masks else None

    def merge(self, node, layer, incoming, given):
        """Inputs of one shape, element by element; a step counts where it counts in any."""
        values, masks = zip(*incoming)
        merged = MERGES[layer["type"]](np.stack(values))
        return merged, np.logical_or.reduce(masks) if all(mask is not None for mask in masks) else None

    add = subtract = multiply = average = maximum = merge

    def dot(self, node, layer, incoming, given):
        a, b = (self.unit_normalization(node, layer, [side], given)[0] if layer["normalize"] else side[0] for side in incoming)
        return (a * b).sum(keepdims=True), None

    def factorization_machine(self, node, layer, incoming, given):
        vectors = np.stack([x for x, _ in incoming])
        y = (vectors.sum(axis=0) ** 2 - (vectors ** 2).sum(axis=0)) / 2
        return y.sum(keepdims=True) if layer["summed"] else y, None

    def cross(self, node, layer, incoming, given):
        (first, _), (x, _) = incoming
        return first * self.affine(node, True, x) + x, None

    def mixture(self, node, layer, incoming, given):
        *experts, gate = (x for x, _ in incoming)
        return sum(weight * expert for weight, expert in zip(gate, experts)), None

    def logits(self, node, layer, incoming):
        x = incoming[0][0]
        return self.affine(node, True, x) if layer["projection"] else x

    def binary_head(self, node, layer, incoming, given):
        yes = sigmoid(self.logits(node, layer, incoming))
        return np.concatenate([1 - yes, yes]), None

    def classes_head(self, node, layer, incoming, given):
        return softmax(self.logits(node, layer, incoming)), None

    def regression_head(self, node, layer, incoming, given):
        return self.logits(node, layer, incoming), None

    def multi_label_head(self, node, layer, incoming, given):
        return sigmoid(self.logits(node, layer, incoming)), None

    def ordinal_head(self, node, layer, incoming, given):
        score = incoming[0][0] @ self.parameter(node, "kernel")
        first, *steps = self.parameter(node, "thresholds").astype(np.float64)
        cuts = np.cumsum([first, *(np.logaddexp(0, step) + 1e-3 for step in steps)])
        above = np.concatenate([[1], sigmoid(score - cuts), [0]])
        return above[:-1] - above[1:], None


def main(arguments):
    flags = {flag for flag in ("--json", "--tokens") if flag in arguments}
    arguments = [argument for argument in arguments if argument not in flags]
    if not arguments or arguments[0] in ("-h", "--help"):
        raise SystemExit(__doc__)
    if "--tokens" in flags:
        print(json.dumps(tokenize(arguments[-1])))
        return
    with open(arguments[0], encoding="utf-8") as opened:
        model = Model(json.load(opened))
    given, rest = {}, arguments[1:]
    while rest:
        word = rest.pop(0)
        if word.startswith("--") and word[2:] in model.features and rest:
            given[word[2:]] = rest.pop(0)
        elif not word.startswith("--"):
            texts = [key for key, feature in model.features.items() if feature["kind"]["type"] == "tokens"]
            if not texts:
                raise SystemExit("this model reads no text; give " + " ".join(f"--{key} ..." for key in model.features))
            given[texts[0]] = word
        else:
            raise SystemExit(f"unknown option {word}; the features are " + ", ".join(model.features))
    outputs = model.predict(given)
    if "--json" in flags:
        print(json.dumps({task: [float(value) for value in values] for task, values in outputs.items()}))
        return
    heads = {node["name"]: model.labels[node["layer"]["label"]] for node in model.nodes.values()
             if node["name"] in outputs}
    for task, values in outputs.items():
        names = [name["en"] for name in heads[task]["classes"]] or [str(i) for i in range(len(values))]
        if heads[task]["kind"]["type"] == "real":
            print(f"{task}: {float(values[0]):.6g}")
            continue
        order = np.argsort(-values)[:6]
        if heads[task]["kind"]["type"] == "multi_label":
            order = range(len(values))
        print(f"{task}: " + ", ".join(f"{names[i]} {float(values[i]):.4f}" for i in order))


if __name__ == "__main__":
    main(sys.argv[1:])
