"""W1 to W6 with JAX, natively on one thread: training steps per second, as a reference for docs/benchmarks.md.

Nothing of the project needs this file or Python: the figures that it prints were put into the document by hand, with their
date. Forward, backward and dense Adam in f32 for the sum of the tasks' losses, jit-compiled as one function whose state is
donated, on the same sizes as xtask/bench/workloads.json and as many batches in turns.

    JAX_PLATFORMS=cpu taskset --cpu-list 0 python xtask/bench/measure_jax.py [W1 ...]

`taskset` (or another way to leave the process one processor) is what makes it one thread.
"""

import os
import sys
import time

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import jax
import jax.numpy as jnp
import numpy as np

N_BATCHES, N_BLOCKS, BLOCK_S = 4, 7, 0.5
random = np.random.default_rng(1)


def weights(*shape):
    limit = np.sqrt(6.0 / (shape[0] + shape[-1])) if len(shape) == 2 else 0.0
    return jnp.asarray(random.uniform(-limit, limit, shape), jnp.float32)


def dense(n_in, n_out):
    return {"w": weights(n_in, n_out), "b": weights(n_out)}


def linear(layer, x):
    return x @ layer["w"] + layer["b"]


def relu(layer, x):
    return jax.nn.relu(linear(layer, x))


def classes_loss(logits, target):
    rows = jnp.arange(logits.shape[0])
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - logits[rows, target])


def binary_loss(logits, target):
    z = logits[:, 0]
    return jnp.mean(jax.nn.softplus(z) - z * target)


def squared_loss(prediction, target):
    return jnp.mean((prediction[:, 0] - target) ** 2)


def ids(rows, cardinality, *more):
    return random.integers(1, cardinality, (rows, *more)).astype(np.int32)


def bits(rows):
    return random.integers(0, 2, rows).astype(np.float32)


def numbers(*shape):
    return random.normal(size=shape).astype(np.float32)


def w1():
    p = {"e": weights(5000, 32), "d": dense(32, 64), "a": dense(64, 4), "b": dense(64, 1)}

    def loss(p, text, a, b):
        h = relu(p["d"], jnp.mean(p["e"][text], axis=1))
        return classes_loss(linear(p["a"], h), a) + binary_loss(linear(p["b"], h), b)

    return p, loss, lambda: (ids(64, 5000, 40), ids(64, 4), bits(64))


def w2():
    p = {"e": weights(5000, 32), "x": dense(32, 128), "h": weights(32, 128), "a": dense(32, 4), "b": dense(32, 2)}

    def loss(p, text, a, b):
        projected = jnp.swapaxes(linear(p["x"], p["e"][text]), 0, 1)

        def step(state, z):
            h, c = state
            i, f, g, o = jnp.split(z + h @ p["h"], 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        zero = jnp.zeros((64, 32))
        (h, _), _ = jax.lax.scan(step, (zero, zero), projected)
        return classes_loss(linear(p["a"], h), a) + classes_loss(linear(p["b"], h), b)

    return p, loss, lambda: (ids(64, 5000, 40), ids(64, 4), ids(64, 2))


def w3():
    p = {"u": weights(1000, 16), "i": weights(1700, 16), "d1": dense(32, 64), "d2": dense(64, 32)}
    p |= {"ta": dense(32, 16), "tb": dense(32, 16), "a": dense(16, 1), "b": dense(16, 1)}

    def loss(p, user, item, a, b):
        h = relu(p["d2"], relu(p["d1"], jnp.concatenate([p["u"][user], p["i"][item]], axis=1)))
        return binary_loss(linear(p["a"], relu(p["ta"], h)), a) + binary_loss(linear(p["b"], relu(p["tb"], h)), b)

    return p, loss, lambda: (ids(256, 1000), ids(256, 1700), bits(256), bits(256))


def w4():
    p = {f"x{k}": dense(100, 16) for k in range(8)}
    for task in "ab":
        p |= {f"g{task}": dense(100, 8), f"t{task}": dense(16, 8), task: dense(8, 1)}

    def loss(p, x, a, b):
        experts = jnp.stack([relu(p[f"x{k}"], x) for k in range(8)], axis=1)
        total = 0.0
        for task, target in (("a", a), ("b", b)):
            gate = jax.nn.softmax(linear(p[f"g{task}"], x))
            mixed = jnp.einsum("rk,rkw->rw", gate, experts)
            total += squared_loss(linear(p[task], relu(p[f"t{task}"], mixed)), target)
        return total

    return p, loss, lambda: (numbers(256, 100), numbers(256), numbers(256))


def w5():
    p = {"u": weights(1000, 32), "i": weights(1700, 32), "a": dense(64, 1700), "b": dense(64, 1000)}

    def loss(p, user, item, a, b):
        h = jnp.concatenate([p["u"][user], p["i"][item]], axis=1)
        return classes_loss(linear(p["a"], h), a) + classes_loss(linear(p["b"], h), b)

    return p, loss, lambda: (ids(64, 1000), ids(64, 1700), ids(64, 1700), ids(64, 1000))


def w6():
    p = {f"d{k}": dense(512, 512) for k in range(3)} | {"a": dense(512, 10), "b": dense(512, 1)}

    def loss(p, x, a, b):
        for k in range(3):
            x = relu(p[f"d{k}"], x)
        return classes_loss(linear(p["a"], x), a) + binary_loss(linear(p["b"], x), b)

    return p, loss, lambda: (numbers(256, 512), ids(256, 10), bits(256))


def steps_per_s(make):
    parameters, loss, batch = make()
    batches = [tuple(jnp.asarray(part) for part in batch()) for _ in range(N_BATCHES)]

    def step(state, batch):
        p, m, v, t = state
        value, g = jax.value_and_grad(loss)(p, *batch)
        t = t + 1
        rate = 0.001 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        m = jax.tree.map(lambda m, g: m + 0.1 * (g - m), m, g)
        v = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), v, g)
        p = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-10), p, m, v)
        return (p, m, v, t), value

    step = jax.jit(step, donate_argnums=0)
    zeros = lambda: jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros(), zeros(), jnp.float32(0))
    first = None
    speeds = []
    for _ in range(N_BLOCKS + 1):
        start, n = time.perf_counter(), 0
        while time.perf_counter() - start < BLOCK_S:
            for batch in batches:
                state, value = step(state, batch)
                n += 1
            first = first if first is not None else float(value)
        last = float(value)
        speeds.append(n / (time.perf_counter() - start))
    assert last < first, f"it does not learn: {first} then {last}"
    # The first block holds the compilation.
    return np.median(speeds[1:])


def main():
    workloads = {"W1": w1, "W2": w2, "W3": w3, "W4": w4, "W5": w5, "W6": w6}
    print(f"JAX {jax.__version__}, {os.cpu_count()} processors, of which this process has {len(os.sched_getaffinity(0))}")
    for name in sys.argv[1:] or workloads:
        print(f"{name}: {steps_per_s(workloads[name]):.1f} steps/s", flush=True)


if __name__ == "__main__":
    main()
