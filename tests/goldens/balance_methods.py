"""The balancing methods of crates/balance, computed a second time from their definitions; generate_balance.py runs them.

Gradients are handled as vectors here (the crate works on their Gram matrix), problems are solved by quadprog and scipy,
clusters are found by scikit-learn, and the project's random source is written out again in `Random`.
"""

import math

import numpy as np
import quadprog
from scipy import optimize
from sklearn.cluster import AffinityPropagation

MASK = (1 << 64) - 1


def mix(value):
    value = (value + 0x9E3779B97F4A7C15) & MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def fnv1a(name):
    result = 0xCBF29CE484222325
    for byte in name.encode():
        result = ((result ^ byte) * 0x100000001B3) & MASK
    return result


class Random:
    """PCG32, seeded with a run's seed and the number of a step."""

    def __init__(self, seed, step):
        name = fnv1a("balance")
        seed = (seed + step * 0x9E3779B97F4A7C15) & MASK
        self.increment = ((mix(name ^ 0x5851F42D4C957F2D) << 1) | 1) & MASK
        self.state = (mix(mix(seed) ^ name) + self.increment) & MASK
        self.advance()
        self.spare = None

    def advance(self):
        self.state = (self.state * 6364136223846793005 + self.increment) & MASK

    def next_u32(self):
        state = self.state
        self.advance()
        turn = state >> 59
        bits = (((state >> 18) ^ state) >> 27) & 0xFFFFFFFF
        return ((bits >> turn) | (bits << (32 - turn))) & 0xFFFFFFFF if turn else bits

    def uniform(self):
        return (self.next_u32() >> 8) / 2**24

    def uniform_double(self):
        low = self.next_u32()
        return ((low | (self.next_u32() << 32)) >> 11) / 2**53

    def below(self, n):
        threshold = ((1 << 32) - n) % n
        while True:
            product = self.next_u32() * n
            if product & 0xFFFFFFFF >= threshold:
                return product >> 32

    def normal(self):
        if self.spare is not None:
            value, self.spare = self.spare, None
            return value
        while True:
            u, v = 2 * self.uniform_double() - 1, 2 * self.uniform_double() - 1
            s = u * u + v * v
            if 0 < s < 1:
                scale = math.sqrt(-2 * math.log(s) / s)
                self.spare = v * scale
                return u * scale

    def shuffle(self, items):
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]


class Adam:
    """Adam for one learned number per task; a task that takes no part keeps its moments and its bias corrections."""

    def __init__(self, n, start, rate):
        self.value, self.rate = np.full(n, float(start)), rate
        self.mean, self.square, self.updates = np.zeros(n), np.zeros(n), np.zeros(n, int)

    def step(self, tasks, gradient):
        for task, slope in zip(tasks, gradient):
            self.updates[task] += 1
            self.mean[task] = 0.9 * self.mean[task] + 0.1 * slope
            self.square[task] = 0.999 * self.square[task] + 0.001 * slope**2
            mean = self.mean[task] / (1 - 0.9 ** self.updates[task])
            square = self.square[task] / (1 - 0.999 ** self.updates[task])
            self.value[task] -= self.rate * mean / (math.sqrt(square) + 1e-8)


class Method:
    """A method for a run. `weigh` gets the step with the tasks that take part and returns their weights, or None if the
    method defines a direction only; `combine` returns the step of the shared parameters."""

    def __init__(self, case):
        self.n, self.kinds, self.seed = case["n_tasks"], case["kinds"], case["seed"]
        # Settings are numbers of single precision.
        self.settings = {
            key: float(np.float32(value)) if isinstance(value, float) else value
            for key, value in case["settings"].items()
        }
        self.epoch = 0
        self.start()

    def get(self, key, default):
        return self.settings.get(key, float(np.float32(default)) if isinstance(default, float) else default)

    def start(self):
        pass

    def combine(self, step, weights):
        return weights @ step.gradients

    def after(self, step, losses):
        pass

    def end_epoch(self, means):
        pass


class Step:
    def __init__(self, number, tasks, losses, gradients, random):
        self.number, self.tasks, self.losses, self.gradients, self.random = number, tasks, losses, gradients, random
        self.gram = gradients @ gradients.T
        self.norms = np.linalg.norm(gradients, axis=1)
        self.n = len(tasks)


def softmax(values):
    powers = np.exp(np.asarray(values) - np.max(values))
    return powers / powers.sum()


class Equal(Method):
    def weigh(self, step):
        return np.ones(step.n)


class Fixed(Method):
    def weigh(self, step):
        given = [float(np.float32(value)) for value in self.get("weights", [])]
        return np.array([given[task] if task < len(given) else 1.0 for task in step.tasks])


class Uncertainty(Method):
    def start(self):
        self.s = Adam(self.n, self.get("start", 0.0), self.get("learning_rate", 0.025))

    def weigh(self, step):
        factor = np.array([0.5 if self.kinds[task] == "regression" else 1.0 for task in step.tasks])
        weights = factor * np.exp(-self.s.value[step.tasks])
        self.objective = np.sum(weights * step.losses + self.s.value[step.tasks] / 2)
        self.s.step(step.tasks, 0.5 - weights * step.losses)
        return weights


class Dwa(Method):
    def start(self):
        self.history = [[] for _ in range(self.n)]

    def weigh(self, step):
        ratios = []
        for task in step.tasks:
            history = self.history[task]
            ratios.append(history[-1] / history[-2] if len(history) > 1 else 1.0)
        return step.n * softmax(np.array(ratios) / self.get("temperature", 2.0))

    def end_epoch(self, means):
        for history, mean in zip(self.history, means):
            if not np.isnan(mean):
                history.append(mean)


class Rlw(Method):
    def weigh(self, step):
        return softmax([step.random.normal() for _ in step.tasks])


class Gls(Method):
    def weigh(self, step):
        losses = step.losses + self.get("epsilon", 1e-8)
        self.objective = np.prod(losses) ** (1 / step.n)
        return self.objective / (step.n * losses)


class ScaleInvariant(Method):
    def weigh(self, step):
        losses = step.losses + self.get("epsilon", 1e-6)
        self.objective = np.sum(np.log(losses))
        return 1 / losses


class ImtlL(Method):
    def start(self):
        self.s = Adam(self.n, 0.0, self.get("learning_rate", 0.025))

    def weigh(self, step):
        weights = np.exp(self.s.value[step.tasks])
        self.objective = np.sum(weights * step.losses - self.s.value[step.tasks])
        self.s.step(step.tasks, weights * step.losses - 1)
        return weights


class Stch(Method):
    def start(self):
        self.nadir = np.zeros(self.n)

    def objective_of(self, losses, tasks):
        if self.epoch < self.get("warm_up_epochs", 4):
            return np.sum(np.log(losses))
        mu = self.get("mu", 1.0)
        return len(tasks) * mu * np.log(np.sum(np.exp(np.log(losses / self.nadir[tasks]) / mu)))

    def weigh(self, step):
        # The gradient of the objective, by central differences of fourth order.
        losses, weights = step.losses + 1e-8, np.zeros(step.n)
        if self.epoch >= self.get("warm_up_epochs", 4):
            for task, loss in zip(step.tasks, losses):
                self.nadir[task] = self.nadir[task] or loss
        self.objective = self.objective_of(losses, step.tasks)
        for i in range(step.n):
            h = 1e-3 * losses[i]
            unit = np.eye(step.n)[i] * h
            f = [self.objective_of(losses + k * unit, step.tasks) for k in (-2, -1, 1, 2)]
            weights[i] = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)
        return weights

    def end_epoch(self, means):
        if self.epoch <= self.get("warm_up_epochs", 4):
            self.nadir = np.where(np.isnan(means), self.nadir, np.array(means) + 1e-8)


class Famo(Method):
    def start(self):
        self.v = Adam(self.n, 0.0, self.get("learning_rate", 0.025))

    def height(self, losses):
        return losses - self.get("min_loss", 0.0) + 1e-8

    def weigh(self, step):
        z, heights = softmax(self.v.value[step.tasks]), self.height(step.losses)
        c = np.sum(z / heights)
        return z / heights / c

    def after(self, step, losses):
        z = softmax(self.v.value[step.tasks])
        delta = np.log(self.height(step.losses)) - np.log(self.height(losses))
        jacobian = np.diag(z) - np.outer(z, z)
        self.v.step(step.tasks, jacobian.T @ delta + self.get("gamma", 0.001) * self.v.value[step.tasks])


class LdcMtl(Method):
    def start(self):
        self.v = Adam(self.n, 0.0, self.get("learning_rate", 0.001))
        self.first = np.zeros(self.n)

    def total(self, logits, losses, first):
        w = softmax(logits)
        scaled = losses / first if self.get("normalize", True) else losses
        compared = w * scaled if self.get("compared", "weighted") == "weighted" else scaled
        return np.sum(w * scaled) + self.get("lambda", 0.01) * np.sum(np.abs(np.diff(compared)))

    def weigh(self, step):
        tasks = step.tasks
        for task, loss in zip(tasks, step.losses):
            self.first[task] = self.first[task] or loss
        logits, losses, first = self.v.value[tasks].copy(), step.losses, self.first[tasks]
        w = softmax(logits)
        scaled = losses / first if self.get("normalize", True) else losses
        is_weighted = self.get("compared", "weighted") == "weighted"
        # Rows of the difference operator, and the penalty's derivative by what it compares.
        differences = -np.diff(np.eye(step.n), axis=0)
        pull = self.get("lambda", 0.01) * differences.T @ np.sign(differences @ (w * scaled if is_weighted else scaled))
        by_scaled = w + (w * pull if is_weighted else pull)
        weights = by_scaled * scaled / losses
        by_w = scaled + (scaled * pull if is_weighted else 0)
        slopes = (np.diag(w) - np.outer(w, w)) @ by_w
        self.objective = self.total(logits, losses, first)
        self.v.step(tasks, slopes)
        return weights


class GradNorm(Method):
    def start(self):
        self.w = Adam(self.n, 1.0, self.get("learning_rate", 0.025))
        self.first = np.zeros(self.n)

    def weigh(self, step):
        tasks = step.tasks
        for task, loss in zip(tasks, step.losses):
            self.first[task] = self.first[task] or loss
        weights = self.w.value[tasks].copy()
        sizes = weights * step.norms
        rates = step.losses / self.first[tasks]
        target = sizes.mean() * (rates / rates.mean()) ** self.get("alpha", 1.5)
        # Adam's ε is relative to gradients of mean square 1.
        scale = math.sqrt(np.mean(step.norms**2))
        self.w.step(tasks, np.sign(sizes - target) * step.norms / scale)
        self.w.value[tasks] *= weights.sum() / self.w.value[tasks].sum()
        return weights


def simplex_quadratic(matrix, linear):
    n = len(linear)
    constraints = np.hstack([np.ones((n, 1)), np.eye(n)])
    return quadprog.solve_qp(matrix, -linear, constraints, np.concatenate([[1.0], np.zeros(n)]), 1)[0]


class Mgda(Method):
    def weigh(self, step):
        kind = self.get("normalization", "none")
        divisor = {"none": np.ones(step.n), "l2": step.norms, "loss": step.losses, "loss+": step.losses * step.norms}[kind]
        rows = step.gradients / divisor[:, None]
        return simplex_quadratic(rows @ rows.T, np.zeros(step.n)) / divisor


class PcGrad(Method):
    def weigh(self, step):
        self.direction = np.zeros(step.gradients.shape[1])
        for i in range(step.n):
            v = step.gradients[i].copy()
            order = [j for j in range(step.n) if j != i]
            if self.get("shuffle", True):
                step.random.shuffle(order)
            for j in order:
                product = v @ step.gradients[j]
                if product < 0:
                    v -= product / step.norms[j] ** 2 * step.gradients[j]
            self.direction += v

    def combine(self, step, weights):
        return self.direction


class GradVac(Method):
    def start(self):
        self.target = np.zeros((self.n, self.n))

    def weigh(self, step):
        beta = self.get("beta", 0.5)
        self.direction = np.zeros(step.gradients.shape[1])
        for i in range(step.n):
            v = step.gradients[i].copy()
            order = [j for j in range(step.n) if j != i]
            if self.get("shuffle", True):
                step.random.shuffle(order)
            for j in order:
                pair = step.tasks[i], step.tasks[j]
                g, phi = step.gradients[j], self.target[pair]
                c = v @ g / np.linalg.norm(v) / np.linalg.norm(g)
                if c < phi:
                    # The multiple of g that makes the cosine phi.
                    unit = g / np.linalg.norm(g)
                    across = v - (v @ unit) * unit
                    v = across + np.linalg.norm(across) * phi / math.sqrt(1 - phi**2) * unit
                self.target[pair] = (1 - beta) * phi + beta * c
            self.direction += v

    def combine(self, step, weights):
        return self.direction


class GradDrop(Method):
    def weigh(self, step):
        return np.ones(step.n)

    def combine(self, step, weights):
        leak, out = self.get("leak", 0.0), []
        for column in step.gradients.T:
            size = np.sum(np.abs(column))
            purity = 0.5 * (1 + np.sum(column) / size) if size > 0 else 0.5
            kept = column > 0 if purity > step.random.uniform() else column < 0
            out.append(np.sum(np.where(kept, column, leak * column)))
        return np.array(out)


class CaGrad(Method):
    def weigh(self, step):
        c, mean = self.get("c", 0.5), step.gradients.mean(axis=0)
        radius = c * np.linalg.norm(mean)
        products = step.gradients @ mean
        unit = 1 / products.max()
        best = optimize.minimize(
            lambda w: unit * (products @ w + radius * np.linalg.norm(w @ step.gradients)),
            np.full(step.n, 1 / step.n),
            jac=lambda w: unit * (products + radius * step.gram @ w / np.linalg.norm(w @ step.gradients)),
            bounds=[(0, 1)] * step.n,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(step.n)},
            method="SLSQP", options={"ftol": 1e-16, "maxiter": 1000},
        ).x
        divisor = {"none": 1.0, "square": 1 + c**2, "linear": 1 + c}[self.get("rescale", "square")]
        return (1 / step.n + radius / np.linalg.norm(best @ step.gradients) * best) / divisor


class ImtlG(Method):
    def weigh(self, step):
        # gᵢ is measured along d: all projections equal, and the weights add up to 1.
        units = step.gradients / step.norms[:, None]
        n = step.n
        system = np.zeros((n, n))
        for i in range(n - 1):
            system[i] = (units[i] - units[i + 1]) @ step.gradients.T
        system[n - 1] = 1
        return np.linalg.solve(system, np.eye(n)[n - 1])


def solve_power_equations(step, alpha):
    """G w = w^(-1/α): the minimum over log w of a convex potential, then the equations themselves."""
    def potential(x):
        weights = np.exp(x) / step.norms
        gain = np.log(weights) if alpha == 1 else weights ** (1 - 1 / alpha) / (1 - 1 / alpha)
        return weights @ step.gram @ weights / 2 - np.sum(gain)

    start = np.exp(optimize.minimize(potential, np.zeros(step.n), method="Nelder-Mead", options={"maxiter": 20000, "fatol": 1e-12}).x)
    found = optimize.root(lambda x: x * (step.gram @ (x / step.norms) * (x / step.norms) ** (1 / alpha) - 1), start, tol=1e-15)
    weights = found.x / step.norms
    assert np.max(np.abs(step.gram @ weights * weights ** (1 / alpha) - 1)) < 1e-9, found
    return weights


class NashMtl(Method):
    def weigh(self, step):
        weights = solve_power_equations(step, 1.0)
        length, bound = np.linalg.norm(weights @ step.gradients), self.get("max_norm", 1.0)
        return weights * min(1.0, bound / length) if bound > 0 else weights


class FairGrad(Method):
    def weigh(self, step):
        return solve_power_equations(step, self.get("alpha", 2.0))


class AlignedMtl(Method):
    def weigh(self, step):
        u, s, vt = np.linalg.svd(step.gradients, full_matrices=False)
        level = {"min": s.min(), "median": np.sort(s)[(len(s) - 1) // 2], "rmse": math.sqrt(np.mean(s**2))}
        self.direction = level[self.get("scale", "min")] * (np.full(step.n, 1 / step.n) @ u) @ vt

    def combine(self, step, weights):
        return self.direction


def project_onto_cone(step, preference, ridge):
    matrix = step.gram / np.trace(step.gram) + ridge * np.eye(step.n)
    return quadprog.solve_qp(matrix, np.zeros(step.n), np.eye(step.n), preference)[0]


class UpGrad(Method):
    def weigh(self, step):
        eye = np.eye(step.n) / step.n
        return sum(project_onto_cone(step, row, self.get("ridge", 1e-4)) for row in eye)


class DualProj(Method):
    def weigh(self, step):
        return project_onto_cone(step, np.full(step.n, 1 / step.n), self.get("ridge", 1e-4))


class Config(Method):
    def weigh(self, step):
        direction = np.linalg.pinv(step.gradients / step.norms[:, None]) @ np.ones(step.n)
        direction /= np.linalg.norm(direction)
        self.direction = np.sum(step.gradients @ direction) * direction

    def combine(self, step, weights):
        return self.direction


class DbMtl(Method):
    def start(self):
        self.mean, self.steps = None, 0

    def weigh(self, step):
        return 1 / (step.losses + 1e-8)

    def combine(self, step, weights):
        if self.mean is None:
            self.mean = np.zeros((self.n, step.gradients.shape[1]))
        self.steps += 1
        beta = self.get("beta", 0.9) / self.steps ** self.get("sigma", 0.0)
        self.mean[step.tasks] = beta * self.mean[step.tasks] + (1 - beta) * step.gradients * weights[:, None]
        norms = np.linalg.norm(self.mean[step.tasks], axis=1)
        return np.sum(self.mean[step.tasks] * (norms.max() / norms)[:, None], axis=0)


class MetaBalance(Method):
    def start(self):
        self.norms = [[] for _ in range(self.n)]

    def weigh(self, step):
        beta, relax, main = self.get("beta", 0.9), self.get("relax", 0.7), self.get("main_task", 1) - 1
        for task, norm in zip(step.tasks, step.norms):
            self.norms[task].append(norm)

        def mean(task):
            ages = np.arange(len(self.norms[task]))[::-1]
            return np.average(self.norms[task], weights=beta**ages)

        return np.array([1.0 if task == main else relax * mean(main) / mean(task) + 1 - relax for task in step.tasks])


class ConicGrad(Method):
    def weigh(self, step):
        # The primal problem, over directions.
        c, mean = self.get("c", 0.75), step.gradients.mean(axis=0)
        length = np.linalg.norm(mean)
        axis, rows = mean / length, step.gradients / length
        n_columns = rows.shape[1]
        constraints = [
            {"type": "ineq", "fun": lambda x: rows @ x[:-1] - x[-1], "jac": lambda x: np.hstack([rows, -np.ones((step.n, 1))])},
            {"type": "ineq", "fun": lambda x: 1 - x[:-1] @ x[:-1], "jac": lambda x: np.append(-2 * x[:-1], 0)},
            {"type": "ineq", "fun": lambda x: axis @ x[:-1] - c * np.linalg.norm(x[:-1]),
             "jac": lambda x: np.append(axis - c * x[:-1] / np.linalg.norm(x[:-1]), 0)},
        ]
        start = np.append(axis * 0.9, np.min(rows @ axis))
        found = optimize.minimize(lambda x: -x[-1], start, jac=lambda x: np.append(np.zeros(n_columns), -1.0),
                                  constraints=constraints, method="SLSQP", options={"ftol": 1e-15, "maxiter": 2000})
        gains = found.x[-1] > 1e-6
        assert not gains or found.x[-1] > 1e-3, "it is clear whether the worst-off task gains"
        self.direction = found.x[:-1] / np.linalg.norm(found.x[:-1]) * length if gains else mean

    def combine(self, step, weights):
        return self.direction


class GradOps(Method):
    def weigh(self, step):
        self.direction = np.zeros(step.gradients.shape[1])
        for i in range(step.n):
            v, others = step.gradients[i], np.delete(step.gradients, i, axis=0)
            if np.any(others @ v < 0):
                v = v - others.T @ np.linalg.lstsq(others.T, v, rcond=None)[0]
            self.direction += v

    def combine(self, step, weights):
        return self.direction


class InTurn(Method):
    def start(self):
        self.queue = list(range(self.n))

    def weigh(self, step):
        while self.queue[0] not in step.tasks:
            self.queue.append(self.queue.pop(0))
        self.queue.append(self.queue.pop(0))
        return np.array([float(task == self.queue[-1]) for task in step.tasks])


class InProportion(Method):
    def weigh(self, step):
        shares = np.array(self.get("shares", [1.0] * self.n), dtype="float32").astype(float)[step.tasks]
        chances = shares ** self.get("alpha", 1.0)
        reached = np.cumsum(chances) / chances.sum()
        drawn = np.searchsorted(reached, step.random.uniform_double(), side="right")
        return np.eye(step.n)[drawn]


class Selective(Method):
    def start(self):
        self.affinity = np.zeros((self.n, self.n))
        self.groups = [[task] for task in range(self.n)]
        self.queue, self.round = [], 0

    def regroup(self):
        own = np.diag(self.affinity)
        if np.any(own <= 0):
            return
        similarity = self.affinity / own[None, :]
        similarity = (similarity + similarity.T) / 2
        labels = AffinityPropagation(affinity="precomputed", convergence_iter=50, random_state=0).fit_predict(similarity)
        groups = [[int(task) for task in np.flatnonzero(labels == label)] for label in range(labels.max() + 1)]
        self.groups = sorted(groups)

    def weigh(self, step):
        while True:
            if not self.queue:
                if step.number >= self.get("warm_up_steps", 100):
                    self.regroup()
                self.queue = list(range(len(self.groups)))
                Random(self.seed, self.round).shuffle(self.queue)
                self.round += 1
            self.active = self.groups[self.queue.pop(0)]
            if any(task in step.tasks for task in self.active):
                return np.array([float(task in self.active) for task in step.tasks])

    def after(self, step, losses):
        rate, active = self.get("decay", 0.001), [task for task in self.active if task in step.tasks]
        gain = {task: (1 - after / before) / len(active) for task, before, after in zip(step.tasks, step.losses, losses)}
        for source in active:
            for target in step.tasks:
                learned = gain[target]
                if source == target and learned < 0:
                    continue
                if target in active and gain[source] * learned < 0:
                    learned = -max(gain[source], learned)
                self.affinity[source, target] = (1 - rate) * self.affinity[source, target] + rate * learned


METHODS = {
    "equal": Equal, "fixed": Fixed, "uncertainty": Uncertainty, "dwa": Dwa, "rlw": Rlw, "gls": Gls,
    "scale_invariant": ScaleInvariant, "imtl_l": ImtlL, "stch": Stch, "famo": Famo, "ldc_mtl": LdcMtl,
    "gradnorm": GradNorm, "mgda": Mgda, "pcgrad": PcGrad, "gradvac": GradVac, "graddrop": GradDrop, "cagrad": CaGrad,
    "imtl_g": ImtlG, "nash_mtl": NashMtl, "fairgrad": FairGrad, "aligned_mtl": AlignedMtl, "upgrad": UpGrad,
    "dual_proj": DualProj, "config": Config, "db_mtl": DbMtl, "metabalance": MetaBalance, "conicgrad": ConicGrad,
    "gradops": GradOps, "in_turn": InTurn, "in_proportion": InProportion, "selective": Selective,
}
