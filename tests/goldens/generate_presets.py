"""Fifty Adam steps of the four kinds of model that the presets draw, trained by Keras (JAX backend).

Losses are those before each step, in float32 as Keras trains, and in float64 to show how far float32 drifts.
Run by generate_keras.py.
"""

import jax
import keras
import numpy as np
from keras import ops

from common import array, numbers, write
from generate_layers import (
    Drawing, draw_weights, keras_model, losses_of, parameter_name, precision, rounded, token_rows, typed
)

N_STEPS = 50
LEARNING_RATE = 0.003
ADAM = {"type": "adam"}


def shared_lstm():
    d = Drawing("shared embedding and LSTM, two heads")
    table = d.node("embedding", "embedding", d.tokens(), width=16)
    trunk = d.node("lstm", "lstm", table, units=32)
    d.classes("domain", 4, trunk)
    d.classes("sentiment", 3, trunk, weight=0.5)
    return d


def pooled_towers():
    d = Drawing("pooled embedding, shared dense, two towers")
    table = d.node("embedding", "embedding", d.tokens(), width=32)
    pool = d.node("pool", "global_average_pooling", table)
    trunk = d.node("shared", "dense", pool, units=64, activation="relu", l2=1e-4)
    d.classes("category", 4, d.node("category_tower", "dense", trunk, units=32, activation="relu"))
    d.classes("sentiment", 3, d.node("sentiment_tower", "dense", trunk, units=32, activation="relu"),
              class_weights=[1.0, 2.0, 1.0])
    return d


def ads_and_content():
    d = Drawing("user and item, two sigmoid heads")
    user = d.node("user_embedding", "embedding", d.id("user", 20), width=16)
    item = d.node("item_embedding", "embedding", d.id("item", 30), width=16)
    both = d.node("both", "concatenate", user, item)
    trunk = d.node("shared", "dense", both, units=64, activation="relu")
    d.binary("ad_click", trunk)
    d.binary("content_like", trunk)
    return d


def item_and_user():
    d = Drawing("item and user, two softmax heads")
    item = d.node("item_embedding", "embedding", d.id("item", 30), width=32)
    user = d.node("user_embedding", "embedding", d.id("user", 20), width=32)
    both = d.node("both", "concatenate", item, user)
    d.classes("next_item", 30, both)
    d.classes("next_user", 20, both)
    return d


def batches_of(random, schema, n_batches, rows):
    """Random inputs and labels; two labels of the first task are missing in every batch."""
    result = []
    for _ in range(n_batches):
        inputs, labels = {}, {}
        for feature in schema["features"]:
            kind = feature["kind"]
            inputs[feature["key"]] = (token_rows(random, rows, kind["length"], kind["cardinality"])
                                      if kind["type"] == "tokens" else random.integers(0, kind["cardinality"], rows))
        for position, label in enumerate(schema["labels"]):
            n_classes = label["kind"].get("n_classes", 2)
            values = random.integers(0, n_classes, rows).astype("float32")
            if position == 0:
                values[random.choice(rows, 2, replace=False)] = np.nan
            labels[label["key"]] = values
        result.append((inputs, labels))
    return result


def train(drawing, weights, batches, dtype):
    with precision(dtype):
        keras.utils.clear_session()
        model, heads = keras_model(drawing.design, drawing.schema)
        names = [parameter_name(variable) for variable in model.trainable_variables]
        state = [variable.value for variable in model.non_trainable_variables]
        optimizer = keras.optimizers.Adam(learning_rate=LEARNING_RATE)
        optimizer.build(model.trainable_variables)
        moments = [variable.value for variable in optimizer.variables]
        values = [ops.convert_to_tensor(weights[name], dtype) for name in names]
        steps = []
        for inputs, labels in batches:
            given = typed(inputs, drawing.schema, dtype)

            def step(values, moments, given=given, labels=labels):
                def loss(values):
                    total, rest = losses_of(model, heads, labels, values, state, given)
                    return total, rest["tasks"]

                (total, tasks), gradients = jax.value_and_grad(loss, has_aux=True)(values)
                values, moments = optimizer.stateless_apply(moments, gradients, values)
                return total, tasks, values, moments

            steps.append(jax.jit(step))
        totals, per_task = [], {name: [] for name in heads}
        for index in range(N_STEPS):
            total, tasks, values, moments = steps[index % len(steps)](values, moments)
            totals.append(np.asarray(total))
            for name, value in tasks.items():
                per_task[name].append(np.asarray(value))
        return np.array(totals), {name: np.array(value) for name, value in per_task.items()}


def main():
    for subject, draw in [("preset_a", shared_lstm), ("preset_b", pooled_towers),
                          ("preset_c", ads_and_content), ("preset_d", item_and_user)]:
        random = np.random.default_rng(20240610)
        drawing = draw()
        keras.utils.clear_session()
        weights = draw_weights(random, keras_model(drawing.design, drawing.schema)[0], scale=0.3)
        batches = batches_of(random, drawing.schema, n_batches=5, rows=8)
        total, tasks = train(drawing, weights, batches, "float32")
        exact_total, exact_tasks = train(drawing, weights, batches, "float64")
        drift = np.abs(total / exact_total - 1).max()
        print(f"{subject}: loss {total[0]:.4f} -> {total[-1]:.4f}, float32 against float64 {drift:.1e}")
        assert drift < 5e-6 and total[-1] < 0.95 * total[0]
        case = {
            "name": drawing.design["name"],
            "design": drawing.design,
            "schema": drawing.schema,
            "optimizer": ADAM,
            "learning_rate": LEARNING_RATE,
            "n_steps": N_STEPS,
            "batches": [{"inputs": {key: array(value) for key, value in inputs.items()},
                         "labels": {key: numbers(value) for key, value in labels.items()}} for inputs, labels in batches],
            "weights": {key: array(value) for key, value in weights.items()},
            "loss": numbers(total),
            "losses": {key: numbers(value) for key, value in tasks.items()},
            "loss_float64": numbers(rounded(exact_total)),
            "losses_float64": {key: numbers(rounded(value)) for key, value in exact_tasks.items()},
        }
        write(subject, [case], made_with=f"keras {keras.version()}, JAX {jax.__version__}")
