"""Small designs around each layer of the designer, and running statistics over several steps, as Keras (JAX backend) or its
operations compute them (keras_layers.py).

Run by generate_keras.py.
"""

import jax
import keras
import numpy as np

from common import array, numbers, write
from generate_layers import (
    MADE_WITH, Drawing, design_case, draw_weights, in_both_precisions, keras_model, losses_of, rounded, start_of,
    token_rows, typed
)

NAN = float("nan")
BATCH = 6


class Cases:
    """Cases of one file, with the inputs and labels that they use."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.cases = []

    def numeric(self, width, rows=BATCH):
        return self.random.normal(size=(rows, width)).astype("float32")

    def real(self, rows=BATCH):
        return np.round(self.random.normal(size=rows), 3)

    def text(self, length=7, cardinality=12):
        """Padding at the end of some rows; in the middle and at the start of one; a row of one token."""
        text = token_rows(self.random, BATCH, length, cardinality)
        text[3] = [0, 0, 4, 0, 7, 0, 0][:length]
        text[4] = [5, 0, 0, 0, 0, 0, 0][:length]
        return text

    def add(self, drawing, inputs, labels=None, training=False):
        labels = labels or {"y": self.real()}
        self.cases.append(design_case(self.random, drawing, inputs, labels, training))

    def sequence(self, name, kind, masked=True, steps=True, width=4, padding_row=True, training=False, **settings):
        """A layer on an embedded text; `steps`: its output is read step by step, padding included."""
        d = Drawing(name)
        table = d.node("table", "embedding", d.tokens(cardinality=12), width=width, mask_zero=masked)
        layer = d.node("layer", kind, table, **settings)
        d.regression("y", d.node("flat", "flatten", layer) if steps else layer)
        text = self.text()
        if padding_row:
            text[5] = 0
        self.add(d, {"text": text}, training=training)

    def pooled(self, name, kind, masked=True, width=4, **settings):
        """A layer on an embedded text; its output at padding is not compared."""
        d = Drawing(name)
        table = d.node("table", "embedding", d.tokens(cardinality=12), width=width, mask_zero=masked)
        d.regression("y", d.node("pool", "global_average_pooling", d.node("layer", kind, table, **settings)))
        self.add(d, {"text": self.text()})

    def vector(self, name, kind, width=5, training=False, **settings):
        """A layer on the output of a Dense layer."""
        d = Drawing(name)
        before = d.node("before", "dense", d.dense("x", 3), units=width, activation="tanh")
        d.regression("y", d.node("layer", kind, before, **settings))
        self.add(d, {"x": self.numeric(3)}, training=training)

    def merge(self, name, kind, n=2, width=4, handles=None, **settings):
        """A layer on several vectors."""
        d = Drawing(name)
        x = d.dense("x", 3)
        sources = [d.node(f"source{i}", "dense", x, units=width, activation="tanh") for i in range(n)]
        d.regression("y", d.node("layer", kind, *sources, handles=handles, **settings))
        self.add(d, {"x": self.numeric(3)})

    def merged_sequences(self, name, kind, n=2, handles=None):
        """A layer on sequences with different masks; a step is real if it is real in any of them."""
        d = Drawing(name)
        tables = [d.node(f"table{i}", "embedding", d.tokens(f"text{i}", cardinality=12), width=3) for i in range(n)]
        d.regression("y", d.node("pool", "global_average_pooling", d.node("layer", kind, *tables, handles=handles)))
        self.add(d, {f"text{i}": token_rows(self.random, BATCH, 7, 12) for i in range(n)})


def recurrent(cases):
    for masked in [True, False]:
        mask = "masked" if masked else "not masked"
        for sequences in [True, False]:
            state = "every" if sequences else "last"
            settings = {"masked": masked, "steps": sequences, "return_sequences": sequences}
            cases.sequence(f"gru, {state} state, {mask}", "gru", units=5, **settings)
            for cell in ["lstm", "gru"]:
                merge = "concatenate" if cell == "lstm" else "sum"
                cases.sequence(f"bidirectional {cell}, {merge}, {state} state, {mask}", "bidirectional", units=3, cell=cell,
                               merge=merge, **settings)
    cases.sequence("bidirectional gru, average, L2", "bidirectional", units=3, cell="gru", merge="average", steps=False, l2=0.01)
    for cell in ["lstm", "gru"]:
        d = Drawing(f"{cell} on a bidirectional {cell}: padding between layers")
        table = d.node("table", "embedding", d.tokens(cardinality=12), width=4)
        both = d.node("both", "bidirectional", table, units=2, cell=cell, return_sequences=True)
        d.regression("y", d.node("layer", cell, both, units=3))
        cases.add(d, {"text": cases.text()})


def sequences(cases):
    for padding in ["same", "valid", "causal"]:
        for stride in [1, 2]:
            for masked in [True, False]:
                mask = "masked" if masked else "not masked"
                cases.pooled(f"conv1d {padding}, stride {stride}, {mask}", "conv1d", masked, filters=3, kernel_size=3,
                             strides=stride, padding=padding, activation="tanh", l2=0.01)
    cases.sequence("conv1d, every window, GELU", "conv1d", filters=3, kernel_size=2, strides=3, activation="gelu")
    for masked in [True, False]:
        mask = "masked" if masked else "not masked"
        cases.pooled(f"self-attention, {mask}", "self_attention", masked, heads=2, head_width=3, l2=0.01)
        cases.pooled(f"self-attention, one head, {mask}", "self_attention", masked, heads=1, head_width=5)
        cases.sequence(f"attention pooling, {mask}", "attention_pooling", masked, steps=False, padding_row=False, units=3, l2=0.01)
        cases.sequence(f"positions, {mask}", "positional_embedding", masked)
        cases.sequence(f"layer normalisation of steps, {mask}", "layer_normalization", masked)
        cases.sequence(f"unit length of steps, {mask}", "unit_normalization", masked)
        cases.sequence(f"slice of steps, {mask}", "slice", masked, start=1, width=2)
        cases.sequence(f"scale of steps, {mask}", "scale", masked, factor=-0.5)
    for combine in ["mean", "sum"]:
        d = Drawing(f"embedding bag, {combine}, L2")
        d.regression("y", d.node("layer", "embedding_bag", d.tokens(cardinality=12), width=4, combine=combine, l2=0.02))
        text = cases.text()
        text[5] = 0
        cases.add(d, {"text": text})


def vectors(cases):
    cases.vector("layer normalisation", "layer_normalization")
    cases.vector("layer normalisation, large epsilon", "layer_normalization", epsilon=0.5)
    cases.vector("unit length", "unit_normalization")
    cases.vector("scale", "scale", factor=1.75)
    cases.vector("slice", "slice", start=2, width=3)
    cases.vector("gradient reversal", "gradient_reversal", strength=0.3)
    cases.vector("stop gradient", "stop_gradient")
    cases.vector("noise and dropout are off", "gaussian_noise", deviation=0.9)
    d = Drawing("reversal and a stop on one trunk, for one task each")
    trunk = d.node("trunk", "dense", d.dense("x", 4), units=5, activation="tanh")
    d.classes("domain", 3, d.node("turn", "gradient_reversal", trunk, strength=2.0))
    d.regression("stars", d.node("stop", "stop_gradient", trunk))
    d.binary("click", trunk)
    cases.add(d, {"x": cases.numeric(4)}, {"domain": [0, 1, 2, 2, NAN, 1], "stars": cases.real(), "click": [0, 1, 1, 0, 1, NAN]})
    for training in [True, False]:
        when = "training" if training else "predicting"
        cases.vector(f"batch normalisation, {when}", "batch_normalization", training=training, momentum=0.8)
        for masked in [True, False]:
            d = Drawing(f"batch normalisation of steps, {'masked' if masked else 'not masked'}, {when}")
            table = d.node("table", "embedding", d.tokens(cardinality=12), width=4, mask_zero=masked)
            d.regression("y", d.node("pool", "global_average_pooling", d.node("layer", "batch_normalization", table)))
            cases.add(d, {"text": cases.text()}, training=training)
        cases.sequence(f"batch normalisation of every step, {when}", "batch_normalization", training=training)


def merges(cases):
    for kind, n in [("multiply", 2), ("multiply", 3), ("average", 2), ("average", 3), ("maximum", 2), ("maximum", 3),
                    ("factorization_machine", 2), ("factorization_machine", 4)]:
        cases.merge(f"{kind} of {n}", kind, n)
    cases.merge("factorization machine, element by element", "factorization_machine", 3, summed=False)
    cases.merge("subtract", "subtract", handles=[0, 1])
    cases.merge("dot", "dot", handles=[0, 1])
    cases.merge("dot of directions", "dot", handles=[0, 1], normalize=True)
    cases.merge("cross, L2", "cross", handles=[0, 1], l2=0.02)
    for kind in ["multiply", "average", "maximum"]:
        cases.merged_sequences(f"{kind} of sequences", kind, 3)
    cases.merged_sequences("subtract sequences", "subtract", handles=[0, 1])
    for kind in ["multiply", "average", "maximum"]:
        d = Drawing(f"{kind}, one twice")
        a = d.node("a", "dense", d.dense("x", 3), units=4, activation="tanh")
        d.regression("y", d.node("layer", kind, a, a))
        cases.add(d, {"x": cases.numeric(3)})
    d = Drawing("two cross layers")
    x = d.node("x0", "dense", d.dense("x", 3), units=4, activation="tanh")
    first = d.node("first", "cross", x, x, handles=[0, 1])
    d.regression("y", d.node("second", "cross", x, first, handles=[0, 1]))
    cases.add(d, {"x": cases.numeric(3)})
    d = Drawing("mixture of three experts")
    x = d.dense("x", 4)
    experts = [d.node(f"expert{i}", "dense", x, units=3, activation="tanh") for i in range(3)]
    gate = d.node("gate", "dense", x, units=3, activation="softmax")
    d.regression("y", d.node("layer", "mixture", *experts, gate, handles=[0, 0, 0, 1]))
    cases.add(d, {"x": cases.numeric(4)})


def heads(cases):
    for n_classes, weights in [(2, []), (5, []), (4, [1.0, 0.5, 3.0, 2.0])]:
        d = Drawing(f"ordinal head, {n_classes} classes{', class weights, L2' if weights else ''}")
        trunk = d.node("trunk", "dense", d.dense("x", 5), units=4, activation="tanh")
        d.ordinal("rating", n_classes, trunk, class_weights=weights, l2=0.02 if weights else 0.0, weight=0.5)
        cases.add(d, {"x": cases.numeric(5)}, {"rating": [0, n_classes - 1, 1, NAN, 1, 0]})
    tags = [[0, 1, 1], [1, 1, 1], [0, 0, 0], [NAN, NAN, NAN], [1, NAN, 0], [0, 0, 1]]
    for weights, projection in [([], True), ([0.5, 2.0, 0.0], True), ([], False)]:
        d = Drawing(f"multi-label head{', weights, L2' if weights else ''}{'' if projection else ', as it is'}")
        trunk = d.node("trunk", "dense", d.dense("x", 5), units=4 if projection else 3, activation="tanh")
        d.multi_label("tags", 3, trunk, class_weights=weights, l2=0.02 if weights else 0.0, weight=1.5, projection=projection)
        d.binary("click", trunk, projection=projection) if projection else d.regression("y", trunk)
        second = {"click": [0, 1, 1, NAN, 1, 0]} if projection else {"y": cases.real()}
        cases.add(d, {"x": cases.numeric(5)}, {"tags": np.ravel(tags), **second})
    d = Drawing("multi-label head, no label known, one label")
    d.multi_label("none", 2, d.dense("x", 3))
    d.multi_label("one", 1, 0, class_weights=[0.3])
    cases.add(d, {"x": cases.numeric(3)}, {"none": [NAN] * 2 * BATCH, "one": [0, 1, NAN, 1, 1, 0]})


def frozen(cases):
    """Layers that do not train, in training: a batch normalisation keeps its running statistics and uses them."""
    d = Drawing("frozen batch normalisation, training")
    before = d.node("before", "dense", d.dense("x", 3), units=5, activation="tanh")
    norm = d.node("layer", "batch_normalization", before, momentum=0.8)
    d.regression("y", d.node("after", "dense", norm, units=4, activation="tanh"))
    d.design["nodes"][norm]["frozen"] = True
    cases.add(d, {"x": cases.numeric(3)}, training=True)
    d = Drawing("frozen batch normalisation of steps, masked, training")
    norm = d.node("layer", "batch_normalization", d.node("table", "embedding", d.tokens(cardinality=12), width=4))
    d.regression("y", d.node("pool", "global_average_pooling", norm))
    d.design["nodes"][norm]["frozen"] = True
    cases.add(d, {"text": cases.text()}, training=True)


def statistics(random):
    """Batch normalisation over several batches: outputs and running statistics after each, and predictions."""
    d = Drawing("batch normalisation over steps")
    table = d.node("table", "embedding", d.tokens(length=5, cardinality=9), width=3)
    steps = d.node("steps", "batch_normalization", table, momentum=0.7)
    both = d.node("both", "concatenate", d.node("pool", "global_average_pooling", steps), d.dense("x", 2))
    norm = d.node("norm", "batch_normalization", both, momentum=0.9, epsilon=0.01)
    d.regression("y", norm)
    keras.utils.clear_session()
    weights = draw_weights(random, keras_model(d.design, d.schema)[0])
    batches = [({"text": token_rows(random, BATCH, 5, 9), "x": random.normal(size=(BATCH, 2)).astype("float32")},
                {"y": random.normal(size=BATCH).astype("float32")}) for _ in range(6)]

    def compute(dtype):
        keras.utils.clear_session()
        model, heads = keras_model(d.design, d.schema)
        values = start_of(model.trainable_variables, weights, dtype)
        state = start_of(model.non_trainable_variables, weights, dtype)
        results = []
        for position, (inputs, labels) in enumerate(batches):
            training = position + 1 < len(batches)
            given = typed(inputs, d.schema, dtype)
            rest = losses_of(model, heads, labels, values, state, given, training)[1]
            results.append({"outputs": rest["outputs"]["y"], "statistics": rest["statistics"]})
            state = [rest["statistics"][name] for name in rest["statistics"]]
        return results

    results = in_both_precisions(compute)
    write("statistics", [{
        "name": d.design["name"],
        "design": d.design,
        "schema": d.schema,
        "weights": {key: array(value) for key, value in weights.items()},
        "batches": [{
            "inputs": {key: array(value) for key, value in inputs.items()},
            "labels": {key: numbers(value) for key, value in labels.items()},
            "training": position + 1 < len(batches),
            "outputs": {"y": array(rounded(result["outputs"]))},
            "statistics": {key: array(rounded(value)) for key, value in result["statistics"].items()},
        } for position, ((inputs, labels), result) in enumerate(zip(batches, results))],
    }], made_with=MADE_WITH)


def main():
    cases = Cases(20240611)
    for part in [recurrent, sequences, vectors, merges, heads, frozen]:
        part(cases)
    write("designer_layers", cases.cases, made_with=MADE_WITH)
    statistics(np.random.default_rng(20240612))
