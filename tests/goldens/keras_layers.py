"""The layers of the designer as Keras computes them, or, where Keras has none, built from its operations.

`build` is what `keras_model` in generate_layers.py calls for a layer that it does not know itself. Masks follow the
project: a step that is padding is marked, merges count a step that counts in any input, and a layer that gives a vector
ends the mask.
"""

import jax
import keras
import numpy as np
from keras import ops

THRESHOLD_GAP = 1e-3


def penalty(layer):
    return keras.regularizers.L1L2(layer.get("l1", 0.0), layer.get("l2", 0.0))


def only_known(x, mask):
    """x with the steps that are padding set to 0."""
    return x if mask is None else x * ops.cast(ops.expand_dims(mask, -1), x.dtype)


class Position(keras.layers.Layer):
    """y_t = x_t + P_t."""

    def build(self, shape):
        self.embeddings = self.add_weight(shape=shape[1:], name="embeddings")

    def call(self, x):
        return x + self.embeddings


class AttentionPooling(keras.layers.Layer):
    """y = sum_t w_t x_t with w = softmax over the steps that count of v . tanh(x_t W + b)."""

    def __init__(self, units, regularizer, **settings):
        super().__init__(**settings)
        self.units, self.regularizer = units, regularizer

    def build(self, shape):
        self.hidden = self.add_weight(shape=(shape[-1], self.units), name="hidden_kernel", regularizer=self.regularizer)
        self.hidden_bias = self.add_weight(shape=(self.units,), name="hidden_bias")
        self.score = self.add_weight(shape=(self.units, 1), name="score_kernel", regularizer=self.regularizer)

    def call(self, x, mask=None):
        scores = ops.squeeze(ops.tanh(x @ self.hidden + self.hidden_bias) @ self.score, -1)
        if mask is not None:
            scores = ops.where(mask, scores, -np.inf)
        return ops.sum(ops.expand_dims(ops.softmax(scores), -1) * x, axis=1)


class Cross(keras.layers.Layer):
    """y = x_0 (x W + b) + x."""

    def __init__(self, regularizer, **settings):
        super().__init__(**settings)
        self.regularizer = regularizer

    def build(self, shape):
        width = shape[0][-1]
        self.kernel = self.add_weight(shape=(width, width), name="kernel", regularizer=self.regularizer)
        self.bias = self.add_weight(shape=(width,), name="bias")

    def call(self, inputs):
        first, x = inputs
        return first * (x @ self.kernel + self.bias) + x


class Highway(keras.layers.Layer):
    """y = t h + (1 - t) x with h = f(x W + b) and t = sigmoid(x W_t + b_t)."""

    def __init__(self, activation, regularizer, **settings):
        super().__init__(**settings)
        self.activation, self.regularizer = keras.activations.get(activation), regularizer

    def build(self, shape):
        width = shape[-1]
        self.kernel = self.add_weight(shape=(width, width), name="kernel", regularizer=self.regularizer)
        self.bias = self.add_weight(shape=(width,), name="bias")
        self.transform = self.add_weight(shape=(width, width), name="transform_kernel", regularizer=self.regularizer)
        self.transform_bias = self.add_weight(shape=(width,), name="transform_bias")

    def call(self, x):
        t = ops.sigmoid(x @ self.transform + self.transform_bias)
        return t * self.activation(x @ self.kernel + self.bias) + (1 - t) * x


class SqueezeExcite(keras.layers.Layer):
    """y_t = g x_t with g = sigmoid(relu(s W_1 + b_1) W_2 + b_2), s the mean of x over the steps that count; a vector is its own mean."""

    def __init__(self, ratio, regularizer, **settings):
        super().__init__(**settings)
        self.ratio, self.regularizer, self.supports_masking = ratio, regularizer, True

    def build(self, shape):
        width = shape[-1]
        hidden = max(width // self.ratio, 1)
        self.squeeze = self.add_weight(shape=(width, hidden), name="squeeze_kernel", regularizer=self.regularizer)
        self.squeeze_bias = self.add_weight(shape=(hidden,), name="squeeze_bias")
        self.excite = self.add_weight(shape=(hidden, width), name="excite_kernel", regularizer=self.regularizer)
        self.excite_bias = self.add_weight(shape=(width,), name="excite_bias")

    def call(self, x, mask=None):
        mean = x
        if len(x.shape) == 3 and mask is None:
            mean = ops.mean(x, axis=1)
        elif len(x.shape) == 3:
            counts = ops.cast(mask, x.dtype)
            mean = ops.sum(only_known(x, mask), axis=1) / ops.maximum(ops.sum(counts, axis=1, keepdims=True), 1)
        gate = ops.sigmoid(ops.relu(mean @ self.squeeze + self.squeeze_bias) @ self.excite + self.excite_bias)
        return x * (ops.expand_dims(gate, 1) if len(x.shape) == 3 else gate)


class CrossStitch(keras.layers.Layer):
    """y = sum_j alpha_j x_j."""

    def build(self, shape):
        self.alpha = self.add_weight(shape=(len(shape),), name="alpha")

    def call(self, inputs):
        return sum(self.alpha[j] * x for j, x in enumerate(inputs))


class Ordinal(keras.layers.Layer):
    """A score, and log p of each class by P(y > k) = sigmoid(score - threshold k)."""

    def __init__(self, n_classes, regularizer, **settings):
        super().__init__(**settings)
        self.n_classes, self.regularizer = n_classes, regularizer

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 1), name="kernel", regularizer=self.regularizer)
        self.thresholds = self.add_weight(shape=(self.n_classes - 1,), name="thresholds")

    def call(self, x):
        score = x @ self.kernel
        steps = ops.concatenate([self.thresholds[:1], ops.softplus(self.thresholds[1:]) + THRESHOLD_GAP])
        above = ops.sigmoid(score - ops.cumsum(steps))
        ones = ops.ones_like(score)
        return score, ops.log(ops.concatenate([ones, above], -1) - ops.concatenate([above, 0 * ones], -1))


class Lambda(keras.layers.Layer):
    """A function of a tensor."""

    def __init__(self, function, **settings):
        super().__init__(**settings)
        self.function = function

    def call(self, x):
        return self.function(x)


def reversal(strength):
    """The identity with reversed gradient."""

    @jax.custom_vjp
    def pass_on(x):
        return x

    pass_on.defvjp(lambda x: (x, None), lambda _, dy: (-strength * dy,))
    return pass_on


def pairs(vectors):
    """The sum over i < j of v_i v_j, pair by pair."""
    return sum(vectors[i] * vectors[j] for j in range(len(vectors)) for i in range(j))


def convolution(layer, name, x, mask):
    """Padding is read as 0, and a window is real if its centre step is."""
    stride, length = layer.get("strides", 1), x.shape[1]
    conv = keras.layers.Conv1D(layer["filters"], layer.get("kernel_size", 3), stride, layer.get("padding", "same"),
                               activation=layer.get("activation", "relu"), kernel_regularizer=penalty(layer), name=name)
    y = conv(only_known(x, mask))
    return y, mask if mask is None or y.shape[1] == length else mask[:, ::stride][:, : y.shape[1]]


def recurrent(kind, layer, name=None):
    cell = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[kind]
    return cell(layer["units"], return_sequences=layer.get("return_sequences", False), name=name,
                kernel_regularizer=penalty(layer), recurrent_regularizer=penalty(layer))


def self_attention(layer, name, x, mask):
    """Padding is no key; the output at padding itself is not compared (Keras has noise there)."""
    attention = keras.layers.MultiHeadAttention(layer["heads"], layer["head_width"], kernel_regularizer=penalty(layer), name=name)
    return attention(x, x, attention_mask=None if mask is None else ops.expand_dims(mask, 1))


def bag(layer, name, ids, feature):
    vectors = keras.layers.Embedding(feature["cardinality"], layer["width"], name=name,
                                     embeddings_regularizer=penalty(layer))(ids)
    known = ops.not_equal(ids, 0)
    total = ops.sum(only_known(vectors, known), axis=1)
    if layer.get("combine", "mean") == "sum":
        return total
    return total / ops.maximum(ops.sum(ops.cast(known, total.dtype), axis=1, keepdims=True), 1)


def build(layer, name, x, masks, feature=None):
    """Output and mask of the layer for the inputs x with their masks; `feature` is that of an ID input before it."""
    kind, mask = layer["type"], masks[0] if masks else None
    L = keras.layers
    if kind == "gru":
        return recurrent("gru", layer, name)(x[0], mask=mask), mask
    if kind == "bidirectional":
        merge = {"concatenate": "concat", "sum": "sum", "average": "ave"}[layer.get("merge", "concatenate")]
        return L.Bidirectional(recurrent(layer.get("cell", "lstm"), layer), merge, name=name)(x[0], mask=mask), mask
    if kind == "conv1d":
        return convolution(layer, name, x[0], mask)
    if kind == "attention_pooling":
        return AttentionPooling(layer["units"], penalty(layer), name=name)(x[0], mask=mask), None
    if kind == "self_attention":
        return self_attention(layer, name, x[0], mask), mask
    if kind == "embedding_bag":
        return bag(layer, name, x[0], feature), None
    if kind == "batch_normalization":
        norm = L.BatchNormalization(momentum=layer.get("momentum", 0.99), epsilon=layer.get("epsilon", 1e-3), name=name)
        return norm(x[0], mask=mask), mask
    if kind == "dot":
        return L.Dot(axes=1, normalize=layer.get("normalize", False), name=name)(x), None
    if kind == "factorization_machine":
        y = pairs(x)
        return ops.sum(y, axis=-1, keepdims=True) if layer.get("summed", True) else y, None
    if kind == "mixture":
        *experts, gate = x
        return sum(gate[:, i: i + 1] * expert for i, expert in enumerate(experts)), None
    if kind == "slice":
        start = layer.get("start", 0)
        return x[0][..., start: start + layer.get("width", 1)], mask
    simple = {
        "positional_embedding": lambda: Position(name=name)(x[0]),
        "layer_normalization": lambda: L.LayerNormalization(epsilon=layer.get("epsilon", 1e-3), name=name)(x[0]),
        "unit_normalization": lambda: L.UnitNormalization(name=name)(x[0]),
        "multiply": lambda: L.Multiply(name=name)(x),
        "subtract": lambda: L.Subtract(name=name)(x),
        "average": lambda: L.Average(name=name)(x),
        "maximum": lambda: L.Maximum(name=name)(x),
        "highway": lambda: Highway(layer.get("activation", "relu"), penalty(layer), name=name)(x[0]),
        "squeeze_excite": lambda: SqueezeExcite(layer.get("ratio", 4), penalty(layer), name=name)(x[0], mask=mask),
        "cross_stitch": lambda: CrossStitch(name=name)(x),
        "cross": lambda: Cross(penalty(layer), name=name)(x),
        "gaussian_noise": lambda: L.GaussianNoise(layer.get("deviation", 0.1), name=name)(x[0]),
        "dropout": lambda: L.Dropout(layer.get("rate", 0.5), name=name)(x[0]),
        "gradient_reversal": lambda: Lambda(reversal(layer.get("strength", 1.0)), name=name)(x[0]),
        "stop_gradient": lambda: Lambda(jax.lax.stop_gradient, name=name)(x[0]),
        "scale": lambda: x[0] * layer.get("factor", 1.0),
    }
    if kind not in simple:
        raise ValueError(kind)
    if len(x) > 1 and any(other is None for other in masks):
        mask = None
    elif len(x) > 1 and mask is not None:
        mask = ops.any(ops.stack(masks), axis=0)
    return simple[kind](), mask


# Parameters of layers that Keras nests, by the project's names and with the project's shapes.

INNER = {"attention_output": "output"}


def parameter_name(variable):
    """`node/kernel`, also for a cell inside a recurrent layer; the parts of a bidirectional layer and of attention are named."""
    node, *inner, name = variable.path.split("/")
    if inner and inner[0].startswith(("forward_", "backward_")):
        return f"{node}/{inner[0].split('_')[0]}_{name}"
    if inner and inner[0] in ("query", "key", "value", "attention_output"):
        return f"{node}/{INNER.get(inner[0], inner[0])}_{name}"
    return f"{node}/{name}"


def project_shape(variable):
    """Keras's attention has an axis of heads; here heads are concatenated."""
    path, shape = variable.path, tuple(variable.shape)
    if any(f"/{part}/" in path for part in ("query", "key", "value")):
        return (shape[0], shape[1] * shape[2]) if len(shape) == 3 else (shape[0] * shape[1],)
    if "/attention_output/" in path and len(shape) == 3:
        return shape[0] * shape[1], shape[2]
    return shape


def is_statistic(variable):
    """Running statistics, among the variables that are not trained (states of random generators are the others)."""
    return "moving_" in variable.path
