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
        """Task name -> probabilities (two for binary: no, yes), or the predicted number."""
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

    def lstm(self, node, layer, incoming, given):
        x, mask = incoming[0]
        kernel, recurrent, bias = (self.parameter(node, name) for name in ("kernel", "recurrent_kernel", "bias"))
        h = c = np.zeros(layer["units"], np.float32)
        steps = []
        for t in range(len(x)):
            if mask is None or mask[t]:
                i, f, g, o = np.split(x[t] @ kernel + h @ recurrent + bias, 4)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
            steps.append(h)
        return (np.stack(steps), mask) if layer["return_sequences"] else (h, None)

    def affine(self, node, use_bias, x):
        y = x @ self.parameter(node, "kernel")
        return y + self.parameter(node, "bias") if use_bias else y

    def dense(self, node, layer, incoming, given):
        x, mask = incoming[0]
        return ACTIVATIONS[layer["activation"]](self.affine(node, layer["use_bias"], x)), mask

    def dropout(self, node, layer, incoming, given):
        return incoming[0]

    def flatten(self, node, layer, incoming, given):
        return incoming[0][0].reshape(-1), None

    def concatenate(self, node, layer, incoming, given):
        masks = [mask for _, mask in incoming if mask is not None]
        return np.concatenate([x for x, _ in incoming], axis=-1), np.logical_and.reduce(masks) if masks else None

    def add(self, node, layer, incoming, given):
        masks = [mask for _, mask in incoming]
        every_one = all(mask is not None for mask in masks)
        return sum(x for x, _ in incoming), np.logical_or.reduce(masks) if every_one else None

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
        print(f"{task}: " + ", ".join(f"{names[i]} {float(values[i]):.4f}" for i in order))


if __name__ == "__main__":
    main(sys.argv[1:])
