"""Activations, losses, and whole small designs, as Keras (JAX backend) computes them.

A design in the project's own format is built as a Keras model, so a case can be read by the project itself. Values are
computed in float64 from float32 inputs and weights, and the same in float32 must agree with them.

Run by generate_keras.py.
"""

import contextlib

import jax
import keras
import numpy as np
from keras import ops
from keras.src.backend.common import dtypes
from keras.src.losses.loss import reduce_weighted_values

import keras_layers
from common import array, number, numbers, write
from keras_layers import is_statistic, parameter_name, penalty, project_shape, recurrent

MADE_WITH = f"keras {keras.version()}, JAX {jax.__version__}, float64"


@contextlib.contextmanager
def precision(dtype):
    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    # Keras's own type promotion never gives float64 on JAX; here it is needed.
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = dtype
    with jax.enable_x64(dtype == "float64"):
        yield
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float32"
    keras.config.set_floatx(before)


def rounded(value):
    """Nine significant digits: more than float32 holds."""
    return np.vectorize(lambda x: float(f"{x:.9g}"), otypes=["float64"])(np.asarray(value, "float64"))


def in_both_precisions(compute, tolerance=2e-5):
    """compute(dtype) gives a (nested) dictionary of arrays; the float64 result, after a comparison with the float32 one."""
    with precision("float32"):
        single = jax.tree.map(np.asarray, compute("float32"))
    with precision("float64"):
        double = jax.tree.map(np.asarray, compute("float64"))

    def agree(path, a, b):
        # Relative to the largest element: an element near 0 carries the rounding of the sums beside it.
        scale = max(5e-3, np.abs(b).max(initial=0))
        assert np.abs(a - b).max(initial=0) <= tolerance * scale, (jax.tree_util.keystr(path), a, b)

    jax.tree_util.tree_map_with_path(agree, single, double)
    return double


def masked_max(x, mask):
    """Keras's GlobalMaxPooling1D ignores the mask; here padding does not count, and a row of padding gives 0."""
    largest = ops.max(ops.where(ops.expand_dims(mask, -1), x, -np.inf), axis=1)
    return ops.where(ops.any(mask, axis=1, keepdims=True), largest, 0.0)


# --- activations -----------------------------------------------------------------------------------------------------


def activations(random):
    x = np.concatenate([
        [-30, -10, -6, -3, -1, -0.5, -1e-3, -1e-7, 0, 1e-7, 1e-3, 0.5, 1, 3, 6, 10, 30], random.normal(size=15) * 2
    ]).astype("float32").reshape(4, 8)
    upstream = random.normal(size=x.shape).astype("float32")
    functions = {
        "linear": keras.activations.linear,
        "relu": keras.activations.relu,
        "gelu": lambda x: keras.activations.gelu(x, approximate=False),
        "tanh": keras.activations.tanh,
        "sigmoid": keras.activations.sigmoid,
        "softmax": keras.activations.softmax,
    }
    cases = []
    for name, function in functions.items():
        def compute(dtype):
            y, pull = jax.vjp(function, ops.convert_to_tensor(x, dtype))
            return {"y": y, "dx": pull(ops.convert_to_tensor(upstream, dtype))[0]}

        result = in_both_precisions(compute)
        cases.append({
            "name": name,
            "inputs": {"x": array(x)},
            "outputs": {"y": array(rounded(result["y"]))},
            "output_gradients": {"y": array(upstream)},
            "gradients": {"x": array(rounded(result["dx"]))},
        })
    write("activations", cases, made_with=MADE_WITH)


# --- losses ----------------------------------------------------------------------------------------------------------


def row_losses(kind, labels, logits):
    """Keras's loss of each row from logits; labels of rows without one are replaced by 0. Labels side by side are rows."""
    if kind["type"] in ("binary", "multi_label"):
        y = ops.cast(labels, logits.dtype)
        return keras.losses.BinaryCrossentropy(from_logits=True, reduction=None, dtype=logits.dtype)(
            ops.expand_dims(y, 1), ops.reshape(logits, (-1, 1)))
    if kind["type"] == "classes":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None, dtype=logits.dtype)(
            ops.cast(labels, "int32"), logits)
    return keras.losses.MeanSquaredError(reduction=None, dtype=logits.dtype)(
        ops.expand_dims(ops.cast(labels, logits.dtype), 1), logits)


def task_loss(kind, labels, logits, class_weights=(), log_p=None):
    """Mean over the labelled rows of class weight x loss, as Keras reduces with sample weights and a mask. A weight of a
    multi-label task is that of a label; `log_p` is what an ordinal head gives."""
    known = ~np.isnan(labels)
    filled = np.where(known, labels, 0)
    if not len(class_weights):
        weights = np.ones(len(labels))
    elif kind["type"] == "multi_label":
        weights = np.tile(class_weights, len(labels) // len(class_weights))
    else:
        weights = np.asarray(class_weights)[filled.astype(int)]
    if log_p is None:
        rows = row_losses(kind, filled, logits)
    else:
        rows = -log_p[np.arange(len(filled)), filled.astype(int)]
    weights = ops.convert_to_tensor(weights, logits.dtype)
    return reduce_weighted_values(rows, sample_weight=weights, mask=known, dtype=logits.dtype)


def losses(random):
    nan = float("nan")
    two, real = {"type": "binary"}, {"type": "real"}
    many = lambda n: {"type": "classes", "n_classes": n}
    z = lambda *shape: (random.normal(size=shape) * 2).astype("float32")
    given = [
        ("binary", two, [0, 1, 1, 0, 1, 0], z(6, 1), []),
        ("binary, class weights and missing labels", two, [0, 1, nan, 0, nan, 1], z(6, 1), [0.5, 2.0]),
        ("binary, large logits", two, [0, 1, 0, 1, 0, 1], [[-50], [50], [50], [-50], [0], [0]], []),
        ("classes", many(4), [0, 3, 2, 1, 1], z(5, 4), []),
        ("classes, class weights and missing labels", many(3), [0, nan, 2, 1, nan], z(5, 3), [1.0, 0.25, 3.0]),
        ("classes, large logits", many(3), [0, 1, 2], [[100, -100, 0], [100, -100, 0], [60, 60, 60]], []),
        ("regression", real, [0.5, -1, 3, 0], z(4, 1), []),
        ("regression, missing labels", real, [0.5, nan, 3, nan], z(4, 1), []),
    ]
    cases = []
    for name, kind, labels, logits, class_weights in given:
        labels, logits = np.asarray(labels, "float32"), np.asarray(logits, "float32")

        def compute(dtype):
            value, gradient = jax.value_and_grad(lambda l: task_loss(kind, labels, l, class_weights))(
                ops.convert_to_tensor(logits, dtype))
            rows = row_losses(kind, np.where(np.isnan(labels), 0, labels), ops.convert_to_tensor(logits, dtype))
            return {"loss": value, "gradient": gradient, "rows": rows}

        result = in_both_precisions(compute)
        rows = np.where(np.isnan(labels), np.nan, rounded(result["rows"]))
        cases.append({
            "name": name,
            "label_kind": kind,
            "class_weights": class_weights,
            "labels": numbers(labels),
            "inputs": {"logits": array(logits)},
            "row_losses": numbers(rows),
            "loss": number(rounded(result["loss"])),
            "gradients": {"logits": array(rounded(result["gradient"]))},
        })
    write("losses", cases, made_with=MADE_WITH)


# --- designs ---------------------------------------------------------------------------------------------------------


class Drawing:
    """A design under construction, in the project's format."""

    def __init__(self, name):
        self.design = {"version": 1, "name": name, "nodes": [], "wires": []}
        self.schema = {"features": [], "labels": []}

    def feature(self, key, **kind):
        self.schema["features"].append({"key": key, "name": {"en": key, "zh": key}, "kind": kind})

    def label(self, key, **kind):
        n = {"binary": 2, "real": 0, "multi_label": kind.get("n_labels")}.get(kind["type"], kind.get("n_classes"))
        classes = [{"en": f"c{i}", "zh": f"c{i}"} for i in range(n)]
        self.schema["labels"].append({"key": key, "name": {"en": key, "zh": key}, "kind": kind, "classes": classes})

    def node(self, name, kind, *sources, handles=None, **settings):
        """A layer with wires from `sources`, to its first handle or to `handles`."""
        node = len(self.design["nodes"])
        self.design["nodes"].append({"id": node, "name": name, "layer": {"type": kind, **settings}})
        for position, source in enumerate(sources):
            to = {"node": node, "handle": handles[position] if handles else 0}
            wire = {"id": len(self.design["wires"]), "from": {"node": source, "handle": 0}, "to": to}
            self.design["wires"].append(wire)
        return node

    def tokens(self, key="text", length=7, cardinality=50):
        self.feature(key, type="tokens", length=length, cardinality=cardinality)
        return self.node(f"{key}_in", "token_input", feature=key)

    def id(self, key, cardinality):
        self.feature(key, type="id", cardinality=cardinality)
        return self.node(f"{key}_in", "id_input", feature=key)

    def dense(self, key, width):
        self.feature(key, type="dense", width=width)
        return self.node(f"{key}_in", "dense_input", feature=key)

    def binary(self, name, source, **settings):
        self.label(name, type="binary")
        return self.node(name, "binary_head", source, label=name, **settings)

    def classes(self, name, n_classes, source, **settings):
        self.label(name, type="classes", n_classes=n_classes)
        return self.node(name, "classes_head", source, label=name, **settings)

    def regression(self, name, source, **settings):
        self.label(name, type="real")
        return self.node(name, "regression_head", source, label=name, **settings)

    def ordinal(self, name, n_classes, source, **settings):
        self.label(name, type="classes", n_classes=n_classes)
        return self.node(name, "ordinal_head", source, label=name, **settings)

    def multi_label(self, name, n_labels, source, **settings):
        self.label(name, type="multi_label", n_labels=n_labels)
        return self.node(name, "multi_label_head", source, label=name, **settings)


def keras_model(design, schema):
    """The design as a Keras model whose outputs are those of every node (logits for a head)."""
    kinds = {feature["key"]: feature["kind"] for feature in schema["features"]}
    labels = {label["key"]: label["kind"] for label in schema["labels"]}
    values, masks, inputs, heads, extra = {}, {}, {}, {}, {}
    for node in design["nodes"]:
        name, layer = node["name"], node["layer"]
        sources = [wire["from"]["node"] for wire in design["wires"] if wire["to"]["node"] == node["id"]]
        x = [values[source] for source in sources]
        mask = masks.get(sources[0]) if sources else None
        kind = layer["type"]
        if kind in ("token_input", "id_input", "dense_input"):
            feature = kinds[layer["feature"]]
            shape = {"tokens": lambda: (feature["length"],), "id": lambda: (), "dense": lambda: (feature["width"],)}
            y = keras.Input(shape[feature["type"]](), name=layer["feature"],
                            dtype=keras.config.floatx() if feature["type"] == "dense" else "int32")
            inputs[layer["feature"]] = y
        elif kind == "embedding":
            source = next(n for n in design["nodes"] if n["id"] == sources[0])["layer"]
            feature = kinds[source["feature"]]
            y = keras.layers.Embedding(feature["cardinality"], layer["width"], name=name,
                                       embeddings_regularizer=penalty(layer))(x[0])
            if feature["type"] == "tokens" and layer.get("mask_zero", True):
                mask = ops.not_equal(x[0], 0)
        elif kind == "dense":
            activation = layer.get("activation", "relu")
            y = keras.layers.Dense(layer["units"], activation, use_bias=layer.get("use_bias", True), name=name,
                                   kernel_regularizer=penalty(layer))(x[0])
        elif kind == "lstm":
            y = recurrent("lstm", layer, name)(x[0], mask=mask)
        elif kind == "global_average_pooling":
            y = keras.layers.GlobalAveragePooling1D(name=name)(x[0], mask=mask)
        elif kind == "global_max_pooling":
            y = masked_max(x[0], mask) if mask is not None else keras.layers.GlobalMaxPooling1D(name=name)(x[0])
        elif kind == "flatten":
            y = keras.layers.Flatten(name=name)(x[0])
        elif kind == "concatenate":
            y = keras.layers.Concatenate(name=name)(x)
            known = [masks[source] for source in sources if source in masks]
            mask = ops.all(ops.stack(known), axis=0) if known else None
        elif kind == "add":
            y = keras.layers.Add(name=name)(x)
            known = [masks.get(source) for source in sources]
            mask = None if any(other is None for other in known) else ops.any(ops.stack(known), axis=0)
        elif kind.endswith("_head"):
            label = labels[layer["label"]]
            y = x[0]
            if kind == "ordinal_head":
                y, extra[f"{name}/log_p"] = keras_layers.Ordinal(label["n_classes"], penalty(layer), name=name)(y)
            elif layer.get("projection", True):
                width = label.get("n_classes", label.get("n_labels", 1))
                y = keras.layers.Dense(width, name=name, kernel_regularizer=penalty(layer))(y)
            heads[name] = (layer, label)
        else:
            before = next(n for n in design["nodes"] if n["id"] == sources[0])["layer"]
            y, mask = keras_layers.build(layer, name, x, [masks.get(source) for source in sources],
                                         kinds.get(before.get("feature")))
        values[node["id"]] = y
        # Keras would propagate the mask automatically.
        y._keras_mask = None
        if len(y.shape) == 3 and mask is not None:
            masks[node["id"]] = mask
    names = {node["name"]: values[node["id"]] for node in design["nodes"] if not node["layer"]["type"].endswith("_input")}
    model = keras.Model(inputs, {**names, **extra})
    for node in design["nodes"]:
        if node.get("frozen"):
            model.get_layer(node["name"]).trainable = False
    return model, heads


def draw_weights(random, model, scale=0.5):
    """Random weights of few digits, which float32 and JSON represent exactly; running statistics too."""
    weights = {}
    frozen = [v for v in model.non_trainable_variables if not is_statistic(v) and "seed" not in v.path]
    for variable in [*model.trainable_variables, *frozen]:
        shape = project_shape(variable)
        spread = scale if len(shape) == 1 or "embeddings" in variable.path else scale * np.sqrt(6 / shape[0])
        weights[parameter_name(variable)] = np.round(random.normal(size=shape) * spread * 0.6, 4).astype("float32")
    for variable in filter(is_statistic, model.non_trainable_variables):
        value = np.round(random.normal(size=variable.shape) * 0.3, 4).astype("float32")
        weights[parameter_name(variable)] = np.abs(value) + np.float32(0.5) if "variance" in variable.path else value
    return weights


def start_of(variables, weights, dtype):
    """The drawn weights of variables, in Keras's shapes; a variable without one keeps its value."""
    given = lambda v: ops.convert_to_tensor(weights[parameter_name(v)].reshape(v.shape), dtype)
    return [given(v) if parameter_name(v) in weights else v.value for v in variables]


def predictions(heads, outputs):
    result = {}
    for name, (_, label) in heads.items():
        logits = outputs[name]
        if f"{name}/log_p" in outputs:
            result[name] = ops.exp(outputs[f"{name}/log_p"])
        elif label["type"] in ("binary", "multi_label"):
            result[name] = ops.sigmoid(logits)
        elif label["type"] == "classes":
            result[name] = ops.softmax(logits)
        else:
            result[name] = logits
    return result


def losses_of(model, heads, labels, values, state, inputs, training=False):
    """Losses: total, per task, penalties; outputs; new running statistics."""
    outputs, state, penalties = model.stateless_call(values, state, inputs, return_losses=True, training=training)
    statistics = {parameter_name(v): value for v, value in zip(model.non_trainable_variables, state) if is_statistic(v)}
    per_task = {
        name: task_loss(label, labels[layer["label"]], outputs[name], layer.get("class_weights", ()),
                        outputs.get(f"{name}/log_p"))
        for name, (layer, label) in heads.items()
    }
    penalty = sum(penalties, ops.convert_to_tensor(0.0, keras.config.floatx()))
    total = sum(layer.get("weight", 1.0) * per_task[name] for name, (layer, _) in heads.items()) + penalty
    return total, {"tasks": per_task, "penalty": penalty, "predictions": predictions(heads, outputs), "statistics": statistics,
                   "outputs": {name: value for name, value in outputs.items() if "/" not in name}}


def typed(inputs, schema, dtype):
    kinds = {feature["key"]: feature["kind"]["type"] for feature in schema["features"]}
    return {key: ops.convert_to_tensor(value, dtype if kinds[key] == "dense" else "int32") for key, value in inputs.items()}


def design_case(random, drawing, inputs, labels, training=False):
    """One forward and backward pass of a design; `training` matters for layers such as batch normalisation."""
    labels = {key: np.asarray(value, "float32") for key, value in labels.items()}
    keras.utils.clear_session()
    weights = draw_weights(random, keras_model(drawing.design, drawing.schema)[0])
    return computed_case(drawing.design["name"], drawing.design, drawing.schema, inputs, labels, weights, training)


def computed_case(name, design, schema, inputs, labels, weights, training):
    """One forward and backward pass of a design with these weights."""
    dense = [f["key"] for f in schema["features"] if f["kind"]["type"] == "dense" and f["key"] in inputs]

    def compute(dtype):
        keras.utils.clear_session()
        model, heads = keras_model(design, schema)
        names = [parameter_name(variable) for variable in model.trainable_variables]
        shapes = [project_shape(variable) for variable in model.trainable_variables]
        state = start_of(model.non_trainable_variables, weights, dtype)
        given = typed(inputs, schema, dtype)

        def loss(values, numeric):
            return losses_of(model, heads, labels, values, state, {**given, **numeric}, training)

        values = start_of(model.trainable_variables, weights, dtype)
        numeric = {key: given[key] for key in dense}
        (total, rest), (by_weight, by_input) = jax.value_and_grad(loss, argnums=(0, 1), has_aux=True)(values, numeric)
        by_weight = [ops.reshape(gradient, shape) for gradient, shape in zip(by_weight, shapes)]
        return {"loss": total, **rest, "gradients": dict(zip(names, by_weight)), "input_gradients": by_input}

    result = in_both_precisions(compute)
    arrays = lambda of: {key: array(rounded(value)) for key, value in of.items()}
    return {
        "name": name,
        "design": design,
        "schema": schema,
        "inputs": {key: array(value) for key, value in inputs.items()},
        "labels": {key: numbers(value) for key, value in labels.items()},
        "weights": {key: array(value) for key, value in weights.items()},
        "outputs": arrays(result["outputs"]),
        "predictions": arrays(result["predictions"]),
        "losses": {key: number(rounded(value)) for key, value in result["tasks"].items()},
        "penalty": number(rounded(result["penalty"])),
        "loss": number(rounded(result["loss"])),
        "gradients": arrays(result["gradients"]),
        "input_gradients": arrays(result["input_gradients"]),
        **({"training": True, "statistics": arrays(result["statistics"])} if training else {}),
    }


def token_rows(random, rows, length=7, cardinality=50, shortest=1):
    ids = random.integers(2, cardinality, size=(rows, length))
    for row in range(1, rows):
        ids[row, random.integers(shortest, length + 1):] = 0
    return ids


def layers(random):
    nan = float("nan")
    batch = 6
    numeric = lambda width, rows=batch: random.normal(size=(rows, width)).astype("float32")
    real_labels = lambda rows=batch: np.round(random.normal(size=rows), 3)
    cases = []

    for activation in ["linear", "relu", "gelu", "tanh", "sigmoid", "softmax"]:
        d = Drawing(f"dense {activation}")
        d.regression("y", d.node("layer", "dense", d.dense("x", 5), units=7, activation=activation))
        cases.append(design_case(random, d, {"x": numeric(5)}, {"y": real_labels()}))

    d = Drawing("dense without bias, L1 and L2")
    d.regression("y", d.node("layer", "dense", d.dense("x", 5), units=4, activation="tanh", use_bias=False, l1=0.01, l2=0.02),
                 l2=0.03)
    cases.append(design_case(random, d, {"x": numeric(5)}, {"y": real_labels()}))

    d = Drawing("dense at every step")
    steps = d.node("layer", "dense", d.node("table", "embedding", d.tokens(cardinality=12), width=3), units=4, activation="relu")
    d.regression("y", d.node("pool", "global_average_pooling", steps))
    cases.append(design_case(random, d, {"text": token_rows(random, batch, cardinality=12)}, {"y": real_labels()}))

    for pool in ["global_average_pooling", "global_max_pooling"]:
        for masked in [True, False]:
            d = Drawing(f"{pool}, {'masked' if masked else 'not masked'}")
            table = d.node("table", "embedding", d.tokens(cardinality=12), width=5, mask_zero=masked)
            d.regression("y", d.node("layer", pool, table))
            text = token_rows(random, batch, cardinality=12)
            # Padding in the middle and at the start, and a row of one token.
            text[3] = [0, 0, 4, 0, 7, 0, 0]
            text[4] = [5, 0, 0, 0, 0, 0, 0]
            cases.append(design_case(random, d, {"text": text}, {"y": real_labels()}))

    d = Drawing("embedding of one id, L2")
    d.regression("y", d.node("layer", "embedding", d.id("user", 9), width=4, l2=0.05))
    cases.append(design_case(random, d, {"user": np.array([0, 3, 8, 3, 3, 1])}, {"y": real_labels()}))

    for sequences in [False, True]:
        for masked in [True, False]:
            d = Drawing(f"lstm, {'every' if sequences else 'last'} state, {'masked' if masked else 'not masked'}")
            table = d.node("table", "embedding", d.tokens(cardinality=12), width=4, mask_zero=masked)
            layer = d.node("layer", "lstm", table, units=5, return_sequences=sequences)
            d.regression("y", d.node("flat", "flatten", layer) if sequences else layer)
            text = token_rows(random, batch, cardinality=12)
            text[3] = [0, 0, 4, 0, 7, 0, 0]
            text[4] = [0, 0, 0, 0, 0, 0, 0]
            cases.append(design_case(random, d, {"text": text}, {"y": real_labels()}))

    d = Drawing("lstm on lstm, L2")
    table = d.node("table", "embedding", d.tokens(cardinality=12), width=4)
    first = d.node("first", "lstm", table, units=3, return_sequences=True, l2=0.01)
    d.binary("y", d.node("second", "lstm", first, units=4))
    cases.append(design_case(random, d, {"text": token_rows(random, batch, cardinality=12)}, {"y": [0, 1, 1, nan, 0, 1]}))

    d = Drawing("flatten")
    d.regression("y", d.node("layer", "flatten", d.node("table", "embedding", d.tokens(length=4, cardinality=8), width=3)))
    cases.append(design_case(random, d, {"text": token_rows(random, batch, 4, 8)}, {"y": real_labels()}))

    d = Drawing("concatenate three, one twice")
    a, b = d.dense("a", 3), d.dense("b", 2)
    da = d.node("da", "dense", a, units=4, activation="tanh")
    d.regression("y", d.node("layer", "concatenate", da, b, da))
    cases.append(design_case(random, d, {"a": numeric(3), "b": numeric(2)}, {"y": real_labels()}))

    d = Drawing("concatenate and add sequences")
    text = d.tokens(length=4, cardinality=8)
    one = d.node("one", "embedding", text, width=3, mask_zero=False)
    two = d.node("two", "embedding", text, width=3, mask_zero=False)
    wide = d.node("wide", "concatenate", d.node("sum", "add", one, two), one)
    d.regression("y", d.node("flat", "flatten", wide))
    cases.append(design_case(random, d, {"text": token_rows(random, batch, 4, 8)}, {"y": real_labels()}))

    d = Drawing("add three, one twice")
    a = d.dense("a", 4)
    da = d.node("da", "dense", a, units=4, activation="sigmoid")
    d.regression("y", d.node("layer", "add", a, da, da))
    cases.append(design_case(random, d, {"a": numeric(4)}, {"y": real_labels()}))

    d = Drawing("three heads on one trunk: weights, class weights, missing labels, L2")
    trunk = d.node("trunk", "dense", d.dense("x", 5), units=6, activation="relu", l2=0.001)
    d.binary("click", trunk, weight=0.5, class_weights=[0.5, 2.0])
    d.classes("topic", 4, trunk, weight=2.0, class_weights=[1.0, 0.5, 3.0, 1.0], l2=0.01)
    d.regression("rating", trunk, weight=0.25)
    cases.append(design_case(random, d, {"x": numeric(5)}, {
        "click": [0, 1, nan, 1, 0, nan], "topic": [3, nan, 1, 0, 2, 2], "rating": [nan, nan, 0.5, nan, -1, 2]}))

    d = Drawing("heads without a projection")
    x = d.dense("x", 5)
    d.binary("click", d.node("a", "dense", x, units=1, activation="linear"), projection=False)
    d.classes("topic", 3, d.node("b", "dense", x, units=3, activation="linear"), projection=False)
    d.regression("rating", d.node("c", "dense", x, units=1, activation="tanh"), projection=False)
    cases.append(design_case(random, d, {"x": numeric(5)}, {
        "click": [0, 1, 1, 1, 0, 0], "topic": [2, 0, 1, 0, 2, 2], "rating": real_labels()}))

    d = Drawing("a task without a labelled row")
    trunk = d.node("trunk", "dense", d.dense("x", 3), units=4, activation="tanh")
    d.binary("click", trunk)
    d.classes("topic", 3, trunk)
    cases.append(design_case(random, d, {"x": numeric(3)}, {"click": [nan] * batch, "topic": [2, 0, 1, 0, 2, 2]}))
    write("layers", cases, made_with=MADE_WITH)


def main():
    random = np.random.default_rng(20240609)
    activations(random)
    losses(random)
    layers(random)
