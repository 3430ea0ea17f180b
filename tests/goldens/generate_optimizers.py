"""Optimizers, schedules and clipping, as Keras (JAX backend, float32) computes them.

Run by generate_keras.py.
"""

import keras
import numpy as np

from common import numbers, write

N_STEPS = 24


def trajectory(make, gradients, start, every=1):
    """The parameters after each step."""
    variable = keras.Variable(start)
    optimizer = make()
    optimizer.build([variable])
    values = []
    for step, gradient in enumerate(gradients):
        optimizer.apply([keras.ops.convert_to_tensor(gradient)])
        if (step + 1) % every == 0:
            values.append(numbers(np.asarray(variable.value)))
    return values


def optimizers(random):
    start = random.normal(size=7).astype("float32")
    gradients = random.normal(size=(N_STEPS, 7)).astype("float32")
    # One gradient that is always 0, one that is 0 after a few steps, one very small, one large.
    gradients[:, 0] = 0
    gradients[6:, 1] = 0
    gradients[:, 2] *= 1e-6
    gradients[:, 3] *= 1e3
    settings = [
        ({"type": "sgd"}, 0.01, keras.optimizers.SGD),
        ({"type": "sgd", "momentum": 0.9}, 0.01, keras.optimizers.SGD),
        ({"type": "sgd", "momentum": 0.5, "nesterov": True}, 0.05, keras.optimizers.SGD),
        ({"type": "sgd", "nesterov": True}, 0.05, keras.optimizers.SGD),
        ({"type": "adagrad"}, 0.001, keras.optimizers.Adagrad),
        ({"type": "adagrad", "initial_accumulator_value": 0.0, "epsilon": 1e-3}, 0.1, keras.optimizers.Adagrad),
        ({"type": "adam"}, 0.001, keras.optimizers.Adam),
        ({"type": "adam", "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-4}, 0.03, keras.optimizers.Adam),
        ({"type": "adam", "beta_1": 0.0}, 0.01, keras.optimizers.Adam),
        ({"type": "adamw"}, 0.001, keras.optimizers.AdamW),
        ({"type": "adamw", "weight_decay": 0.1, "beta_1": 0.85, "beta_2": 0.99}, 0.02, keras.optimizers.AdamW),
    ]
    cases = []
    for config, rate, kind in settings:
        arguments = {key: value for key, value in config.items() if key != "type"}
        cases.append({
            "config": config,
            "learning_rate": rate,
            "start": numbers(start),
            "gradients": [numbers(gradient) for gradient in gradients],
            "values": trajectory(lambda: kind(learning_rate=rate, **arguments), gradients, start),
        })
    write("optimizers", cases, made_with=f"keras {keras.version()}, JAX")


def schedules():
    cases = []
    steps = [0, 1, 2, 3, 7, 10, 11, 25, 50, 99, 100, 101, 110, 111, 500]
    for name, config, schedule in [
        ("cosine", {"kind": "cosine", "decay_steps": 100}, keras.optimizers.schedules.CosineDecay(1.0, 100)),
        ("cosine_alpha", {"kind": "cosine", "decay_steps": 100, "alpha": 0.1},
         keras.optimizers.schedules.CosineDecay(1.0, 100, alpha=0.1)),
        ("warmup_cosine", {"kind": "cosine", "decay_steps": 100, "warmup_steps": 10},
         keras.optimizers.schedules.CosineDecay(0.0, 100, warmup_target=1.0, warmup_steps=10)),
        ("warmup_from_cosine_alpha",
         {"kind": "cosine", "decay_steps": 90, "warmup_steps": 11, "warmup_from": 0.25, "alpha": 0.05},
         keras.optimizers.schedules.CosineDecay(0.25, 90, alpha=0.05, warmup_target=1.0, warmup_steps=11)),
    ]:
        factors = np.array([schedule(step) for step in steps], dtype="float32")
        cases.append({"name": name, "config": config, "steps": steps, "factors": numbers(factors)})
    write("schedules", cases, made_with=f"keras {keras.version()}, JAX")


def clipping(random):
    shapes = [5, 3, 1]
    cases = []
    for scale in [0.1, 1.0, 30.0, 0.0]:
        gradients = [(random.normal(size=n) * scale).astype("float32") for n in shapes]
        for kind, argument in [("value", "clipvalue"), ("norm", "clipnorm"), ("global_norm", "global_clipnorm")]:
            for threshold in [0.5, 2.0]:
                optimizer = keras.optimizers.SGD(**{argument: threshold})
                clipped = optimizer._clip_gradients([keras.ops.convert_to_tensor(g) for g in gradients])
                cases.append({
                    "config": {"kind": kind, "threshold": threshold},
                    "lengths": shapes,
                    "gradients": numbers(np.concatenate(gradients)),
                    "clipped": numbers(np.concatenate([np.asarray(g) for g in clipped])),
                })
    write("clipping", cases, made_with=f"keras {keras.version()}, JAX")


def main():
    random = np.random.default_rng(20240607)
    optimizers(random)
    schedules()
    clipping(random)
