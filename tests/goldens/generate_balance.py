"""Task balancing: runs of a few steps of every method of crates/balance, as `balance_methods.py` computes them."""

from importlib.metadata import version

import numpy as np

from balance_methods import METHODS, Method, Random, Selective, Step
from common import number, numbers, write


def gradients(random, n, width, conflict):
    """Rows of different lengths, with a common component (conflict < 0) or with opposed components (conflict > 0)."""
    rows = random.normal(size=(n, width))
    rows -= conflict * rows.mean(axis=0)
    rows *= np.exp(random.uniform(-1.5, 1.5, size=(n, 1)))
    return rows.astype("float32")


def run(method, settings, random, n, n_steps, conflict, misses=False):
    """A few steps of a run: inputs and results of the method."""
    width, seed = 6, 40 + n
    kinds = ["regression" if task % 2 else "classification" for task in range(n)]
    case = {"method": method, "settings": settings, "n_tasks": n, "kinds": kinds, "seed": seed, "steps": []}
    balancer = METHODS[method](case)
    losses = np.exp(random.uniform(-2, 2, size=n))
    for number_of_step in range(n_steps):
        labelled = [True] * n
        if misses and number_of_step % 3 == 1:
            labelled[number_of_step % n] = False
        tasks = np.flatnonzero(labelled)
        rows = gradients(random, n, width, conflict)
        step = Step(number_of_step, tasks, losses[tasks], rows[tasks].astype(float), Random(seed, number_of_step))
        balancer.objective = None
        weights = balancer.weigh(step)
        entry = {"losses": numbers(losses), "labelled": labelled, "jacobian": numbers(rows)}
        if weights is not None:
            entry["weights"] = digits(spread(weights, tasks, n))
        if balancer.objective is not None:
            entry["objective"] = digits([balancer.objective])[0]
        if method == "graddrop" or method == "db_mtl":
            step.random = Random(seed, number_of_step)
        entry["direction"] = digits(balancer.combine(step, weights))
        after = losses * np.exp(random.uniform(-0.3, 0.1, size=n))
        if hasattr(METHODS[method], "after") and METHODS[method].after is not Method.after:
            entry["losses_after"] = numbers(after)
            balancer.after(step, after[tasks])
        if number_of_step % 2 == 1:
            means = losses * np.exp(random.uniform(-0.2, 0.2, size=n))
            means[~np.array(labelled)] = np.nan
            entry["epoch_means"] = [number(mean) for mean in means]
            balancer.epoch += 1
            balancer.end_epoch(means)
        case["steps"].append(entry)
        losses = after * np.exp(random.uniform(-0.1, 0.1, size=n))
    return case


def spread(weights, tasks, n):
    out = np.zeros(n)
    out[tasks] = weights
    return out


def digits(values):
    return [float(f"{value:.9g}") for value in values]


def related_losses(case, random):
    """Losses after a step on a group that help tasks 0 and 1, and 2 and 3, to each other: for selective updates."""
    balancer = Selective(case)
    losses = np.ones(4)
    for number_of_step in range(case.pop("n_steps")):
        rows = gradients(random, 4, 6, 0.0)
        tasks = np.arange(4)
        step = Step(number_of_step, tasks, losses, rows.astype(float), Random(case["seed"], number_of_step))
        weights = balancer.weigh(step)
        after = losses.copy()
        for task in balancer.active:
            after[task] *= 0.9
            after[task ^ 1] *= 0.93
            after[(task + 2) % 4] *= 1.03
        after *= np.exp(random.uniform(-0.005, 0.005, size=4))
        entry = {"losses": numbers(losses), "labelled": [True] * 4, "jacobian": numbers(rows),
                 "weights": digits(weights), "direction": digits(weights @ step.gradients), "losses_after": numbers(after)}
        balancer.after(step, after)
        case["steps"].append(entry)
        losses = after
    assert sorted(map(sorted, balancer.groups)) == [[0, 1], [2, 3]], balancer.groups
    return case


def main():
    random = np.random.default_rng(20261201)
    cases = []
    for method, settings, steps in [
        ("equal", {}, 1), ("fixed", {"weights": [0.3, 2.0]}, 2), ("uncertainty", {}, 6),
        ("uncertainty", {"start": -0.5, "learning_rate": 0.1}, 6), ("dwa", {}, 8), ("dwa", {"temperature": 0.5}, 8),
        ("rlw", {}, 3), ("gls", {}, 2), ("scale_invariant", {}, 2), ("imtl_l", {}, 6), ("stch", {"warm_up_epochs": 2}, 8),
        ("stch", {"warm_up_epochs": 1, "mu": 0.3}, 6), ("famo", {}, 8), ("famo", {"min_loss": -3.0, "gamma": 0.1}, 6),
        ("ldc_mtl", {}, 6), ("ldc_mtl", {"lambda": 0.5, "compared": "plain", "learning_rate": 0.05}, 6),
        ("ldc_mtl", {"lambda": 0.2, "normalize": False, "learning_rate": 0.05}, 6),
        ("gradnorm", {}, 6), ("gradnorm", {"alpha": 0.16, "learning_rate": 0.1}, 6),
        ("graddrop", {}, 3), ("graddrop", {"leak": 0.25}, 2), ("db_mtl", {}, 5), ("db_mtl", {"beta": 0.0}, 2),
        ("db_mtl", {"beta": 0.5, "sigma": 0.5}, 5), ("metabalance", {}, 5),
        ("metabalance", {"main_task": 2, "relax": 1.0, "beta": 0.5}, 5), ("in_turn", {}, 5),
        ("in_proportion", {"shares": [1.0, 5.0, 2.0, 0.5], "alpha": 0.5}, 8), ("gradvac", {}, 5),
        ("gradvac", {"beta": 0.1, "shuffle": False}, 5), ("selective", {"warm_up_steps": 4, "decay": 0.2}, 12),
    ]:
        for n in (2, 3, 4):
            cases.append(run(method, settings, random, n, steps, 0.8, misses=n > 2))
    for method, settings in [
        ("mgda", {}), ("mgda", {"normalization": "l2"}), ("mgda", {"normalization": "loss"}),
        ("mgda", {"normalization": "loss+"}), ("pcgrad", {}), ("pcgrad", {"shuffle": False}), ("cagrad", {}),
        ("cagrad", {"c": 0.2, "rescale": "linear"}), ("cagrad", {"c": 1.5, "rescale": "none"}), ("imtl_g", {}),
        ("nash_mtl", {}), ("nash_mtl", {"max_norm": 0.0}), ("fairgrad", {}), ("fairgrad", {"alpha": 1.0}),
        ("fairgrad", {"alpha": 0.5}), ("aligned_mtl", {}), ("aligned_mtl", {"scale": "median"}),
        ("aligned_mtl", {"scale": "rmse"}), ("upgrad", {}), ("dual_proj", {}), ("config", {}), ("gradops", {}),
        ("conicgrad", {}), ("conicgrad", {"c": 0.25}),
    ]:
        for n in (1, 2, 3, 5):
            for conflict in (-1.0, 0.8):
                cases.append(run(method, settings, random, n, 2, conflict))
    selective = {"method": "selective", "settings": {"warm_up_steps": 8, "decay": 0.1}, "n_tasks": 4,
                 "kinds": ["classification"] * 4, "seed": 3, "steps": [], "n_steps": 24}
    cases.append(related_losses(selective, random))
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "quadprog", "scikit-learn"))
    write("balance", cases, made_with=packages)


if __name__ == "__main__":
    main()
