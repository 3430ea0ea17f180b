"""Every metric as scikit-learn computes it, edge cases included. Usage: python generate_sklearn.py

A value that scikit-learn calls undefined (UndefinedMetricWarning, NaN, or an infinite R2) is written as null. Averages over classes or labels
are those with `zero_division=np.nan`: the mean of the defined values. `averaged` says of how many of how many, where some is undefined.
"""

import warnings

import numpy as np
import sklearn
from sklearn import metrics as sk
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import UndefinedMetricWarning

from common import numbers, write


def defined(function, *arguments, **options):
    """The value, or None where scikit-learn warns that it is undefined."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = function(*arguments, **options)
    undefined = any(issubclass(warning.category, UndefinedMetricWarning) for warning in caught)
    return None if undefined or not np.isfinite(value) else float(value)


SCORES = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}


def average(score, y, predicted, average, labels=None):
    """The average of the defined values; None where none is. Weights that are all 0 (no row) make numpy's plain mean of it in
    scikit-learn, which says nothing of any row: None too."""
    if average == "weighted" and not (y.any() if y.ndim == 2 else len(y)):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the mean of no value
        value = score(y, predicted, average=average, labels=labels, zero_division=np.nan)
    return None if np.isnan(value) else float(value)


def mean_of_defined(values):
    """The mean, and of how many values it is."""
    values = [value for value in values if value is not None]
    return float(np.mean(values)) if values else None


def partial(each):
    """For metrics that are averages with undefined values: the number of defined values, and of all."""
    names = {"precision": ["precision_macro", "precision_weighted"], "recall": ["recall_macro", "recall_weighted", "balanced_accuracy"],
             "f1": ["f1_macro", "f1_weighted"], "auc": ["auc"], "average_precision": ["average_precision"]}
    result = {}
    for key, metrics in names.items():
        defined = [values[key] is not None for values in each if key in values]
        if not all(defined):
            result |= {metric: [sum(defined), len(defined)] for metric in metrics}
    return result


def calibration_error(happened, probabilities, n_bins=10):
    """Expected calibration error with the bins of sklearn.calibration.calibration_curve."""
    edges = np.linspace(0.0, 1.0, n_bins + 1)
    bins = np.searchsorted(edges[1:-1], probabilities)
    error = 0.0
    for one in range(n_bins):
        inside = bins == one
        if inside.any():
            error += inside.mean() * abs(happened[inside].mean() - probabilities[inside].mean())
    return float(error)


def per_class(y, predicted, n_classes):
    result = []
    for name in range(n_classes):
        one, guess = (y == name).astype(int), (predicted == name).astype(int)
        result.append({
            "precision": defined(sk.precision_score, one, guess),
            "recall": defined(sk.recall_score, one, guess),
            "f1": defined(sk.f1_score, one, guess),
            "support": int(one.sum()),
            "predicted": int(guess.sum()),
        })
    return result


def binary(y, p):
    """y: 0/1, p: float32 probabilities, no missing labels."""
    p64 = p.astype("float64")
    predicted = (p64 > 0.5).astype(int)
    return {
        "accuracy": defined(sk.accuracy_score, y, predicted),
        "balanced_accuracy": average(sk.recall_score, y, predicted, "macro", [0, 1]),
        "precision": defined(sk.precision_score, y, predicted),
        "recall": defined(sk.recall_score, y, predicted),
        "f1": defined(sk.f1_score, y, predicted),
        "f1_macro": average(sk.f1_score, y, predicted, "macro", [0, 1]),
        "auc": defined(sk.roc_auc_score, y, p64),
        "average_precision": average_precision(y, p64),
        "log_loss": defined(sk.log_loss, y, p64, labels=[0, 1]),
        "brier": defined(sk.brier_score_loss, y, p64, labels=[0, 1]),
        "calibration_error": calibration_error(y, p64),
    }, predicted, []


def average_precision(y, score):
    """scikit-learn warns with a plain UserWarning when there is no positive row."""
    return float(sk.average_precision_score(y, score)) if y.any() else None


def classes(y, p):
    n = p.shape[1]
    p64 = p.astype("float64")
    predicted = p64.argmax(axis=1)
    result = {
        "accuracy": defined(sk.accuracy_score, y, predicted),
        "balanced_accuracy": average(sk.recall_score, y, predicted, "macro", range(n)),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class that is only predicted
        assert abs(sk.balanced_accuracy_score(y, predicted) - result["balanced_accuracy"]) < 1e-12
    for key, score in SCORES.items():
        for kind in ["macro", "micro", "weighted"]:
            result[f"{key}_{kind}"] = average(score, y, predicted, kind, range(n))
    normalised = p64 / p64.sum(axis=1, keepdims=True)
    one_hot = np.eye(n)[y]
    auc = [defined(sk.roc_auc_score, one_hot[:, c], p64[:, c]) for c in range(n)]
    precision = [average_precision(one_hot[:, c], p64[:, c]) for c in range(n)]
    result["auc"] = mean_of_defined(auc)
    if n > 2 and len(set(y)) == n:
        whole = sk.roc_auc_score(y, normalised, multi_class="ovr", labels=list(range(n)))
        # scikit-learn requires rows that sum to 1 in float64; dividing can break or make ties, so both are kept close.
        assert abs(whole - result["auc"]) < 1e-9, (whole, result["auc"])
    result["average_precision"] = mean_of_defined(precision)
    result["log_loss"] = defined(sk.log_loss, y, p64, labels=list(range(n)))
    result["brier"] = defined(sk.brier_score_loss, y, p64, labels=list(range(n)))
    if n == 2:
        result["brier"] *= 2  # scikit-learn halves it for two classes, where a binary task is meant
    top = p64.max(axis=1)
    result["calibration_error"] = calibration_error((predicted == y).astype(float), top)
    return result, predicted, [{"auc": a, "average_precision": b} for a, b in zip(auc, precision)]


def regression(y, p):
    y, p = y.astype("float64"), p.astype("float64")
    return {
        "rmse": defined(sk.root_mean_squared_error, y, p),
        "mae": defined(sk.mean_absolute_error, y, p),
        "r2": defined(sk.r2_score, y, p, force_finite=False),
    }


def multi_label(labels, p):
    """labels: [rows, n] 0/1 with NaN for missing; p: probabilities. scikit-learn has no missing labels: with some, averages are made
    from what it says of each label alone, or of all known labels as one column."""
    known = ~np.isnan(labels)
    p64 = p.astype("float64")
    predicted = (p64 > 0.5).astype(int)
    columns = [(labels[known[:, k], k].astype(int), predicted[known[:, k], k], p64[known[:, k], k]) for k in range(labels.shape[1])]
    flat, flat_predicted = labels[known].astype(int), predicted[known]
    support = [int(y.sum()) for y, _, _ in columns]
    auc = [defined(sk.roc_auc_score, y, score) for y, _, score in columns]
    precision = [average_precision(y, score) for y, _, score in columns]
    each = [{"precision": defined(sk.precision_score, y, guess), "recall": defined(sk.recall_score, y, guess),
             "f1": defined(sk.f1_score, y, guess), "auc": auc, "support": int(y.sum()), "predicted": int(guess.sum())}
            for (y, guess, _), auc in zip(columns, auc)]
    result = {}
    for key, score in SCORES.items():
        values = [(one[key], one["support"]) for one in each if one[key] is not None]
        result[f"{key}_macro"] = mean_of_defined([value for value, _ in values])
        result[f"{key}_micro"] = defined(score, flat, flat_predicted)
        rows = sum(n for _, n in values)
        result[f"{key}_weighted"] = float(sum(value * n for value, n in values) / rows) if rows else None
        if known.all() and labels.shape[1] > 1:
            for kind in ["macro", "micro", "weighted"]:
                whole = average(score, labels.astype(int), predicted, kind)
                same = None in (whole, result[f"{key}_{kind}"]) or abs(whole - result[f"{key}_{kind}"]) < 1e-12
                assert same and (whole is None) == (result[f"{key}_{kind}"] is None), (key, kind, whole, result)
    result["auc"] = mean_of_defined(auc)
    result["average_precision"] = mean_of_defined(precision)
    result["log_loss"] = defined(sk.log_loss, flat, p64[known], labels=[0, 1])
    result["brier"] = defined(sk.brier_score_loss, flat, p64[known], labels=[0, 1])
    result["calibration_error"] = calibration_error(flat, p64[known])
    result["hamming_loss"] = float((flat != flat_predicted).mean())
    rows = known.any(axis=1)
    result["subset_accuracy"] = float(np.where(known, labels == predicted, True).all(axis=1)[rows].mean())
    if known.all() and labels.shape[1] > 1:
        y = labels.astype(int)
        assert result["hamming_loss"] == sk.hamming_loss(y, predicted)
        assert result["subset_accuracy"] == sk.accuracy_score(y, predicted)
        if None not in auc:
            assert abs(result["auc"] - sk.roc_auc_score(y, p64, average="macro")) < 1e-12
            assert abs(result["average_precision"] - sk.average_precision_score(y, p64, average="macro")) < 1e-12
    areas = [{"average_precision": value} for value in precision]
    return result, each, int(rows.sum()), partial(each + areas)


def multi_label_case(name, labels, outputs):
    labels, outputs = np.asarray(labels, "float32"), np.asarray(outputs, "float32")
    values, per_label, n, averaged = multi_label(labels, outputs)
    return {"name": f"labels: {name}", "output": {"type": "multi_label", "n_labels": labels.shape[1]},
            "labels": numbers(labels), "outputs": numbers(outputs), "n": n, "values": values,
            "averaged": {metric: counts for metric, counts in averaged.items() if metric in values}, "per_class": per_label}


def multi_label_cases():
    random = np.random.default_rng(20240613)
    nan = float("nan")
    y = (random.random((200, 4)) < [0.5, 0.3, 0.1, 0.7]).astype("float32")
    p = np.clip(0.35 + 0.3 * y + 0.25 * random.normal(size=y.shape), 0, 1).astype("float32")
    some, rows = y.copy(), y.copy()
    some[random.random(y.shape) < 0.3] = nan
    rows[random.random(200) < 0.3] = nan
    few = [[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 0]]
    return [
        multi_label_case("200 rows", y, p),
        multi_label_case("200 rows, coarse scores with many ties", y, np.round(p, 1)),
        multi_label_case("some are missing", some, p),
        multi_label_case("rows without any", rows, p),
        multi_label_case("one is in no row, and is predicted", few, [[0.9, 0.2, 0.6], [0.1, 0.7, 0.4], [0.8, 0.4, 0.1], [0.3, 0.6, 0.2]]),
        multi_label_case("one is in no row, and is never predicted", few, [[0.9, 0.2, 0.1], [0.1, 0.7, 0.4], [0.8, 0.4, 0.1], [0.3, 0.6, 0.2]]),
        multi_label_case("none is predicted", few, np.full((4, 3), 0.5)),
        multi_label_case("nothing to find", np.zeros((3, 2)), [[0.6, 0.1], [0.2, 0.3], [0.1, 0.9]]),
        multi_label_case("certain and right", few, few),
        multi_label_case("two of four have both kinds of rows", [[1, 1, 0, 0], [1, 0, 0, 1]], [[0.9, 0.7, 0, 0], [0, 0, 0, 0.9]]),
        multi_label_case("one label", [[0], [1], [1]], [[0.2], [0.4], [0.9]]),
    ]


def case(name, kind, labels, outputs):
    """labels: float32 with NaN for missing; outputs: float32 [rows] or [rows, classes]."""
    labels, outputs = np.asarray(labels, "float32"), np.asarray(outputs, "float32")
    known = ~np.isnan(labels)
    y, p = labels[known], outputs[known]
    result = {"name": name, "output": kind, "labels": numbers(labels), "outputs": numbers(outputs), "n": int(known.sum())}
    if kind["type"] == "real":
        result["values"] = regression(y, p)
        return result
    y = y.astype(int)
    n_classes = 2 if kind["type"] == "binary" else kind["n_classes"]
    result["values"], predicted, areas = (binary if kind["type"] == "binary" else classes)(y, p)
    result["per_class"] = per_class(y, predicted, n_classes)
    averaged = partial(result["per_class"] + areas)
    result["averaged"] = {metric: counts for metric, counts in averaged.items() if metric in result["values"]}
    result["confusion"] = [int(n) for n in sk.confusion_matrix(y, predicted, labels=range(n_classes)).ravel()]
    return result


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (e / e.sum(axis=1, keepdims=True)).astype("float32")


def one_hot_outputs(predicted, n, p=0.7):
    rest = (1 - p) / (n - 1)
    return np.where(np.arange(n) == np.asarray(predicted)[:, None], p, rest).astype("float32")


def main():
    random = np.random.default_rng(20240608)
    nan = float("nan")
    two = {"type": "binary"}
    real = {"type": "real"}
    many = lambda n: {"type": "classes", "n_classes": n}
    y200 = (random.random(200) < 0.3).astype("float32")
    p200 = np.clip(0.3 + 0.25 * y200 + 0.2 * random.normal(size=200), 0, 1).astype("float32")
    y_missing = y200.copy()
    y_missing[random.random(200) < 0.4] = nan
    c300 = random.integers(0, 4, 300)
    logits = random.normal(size=(300, 4)) + 1.5 * np.eye(4)[c300]
    c_missing = c300.astype("float32")
    c_missing[random.random(300) < 0.3] = nan
    r100 = random.normal(size=100).astype("float32")
    cases = [
        case("binary: textbook tie", two, [0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8]),
        case("binary: textbook", two, [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]),
        case("binary: 200 rows", two, y200, p200),
        case("binary: 200 rows, coarse scores with many ties", two, y200, np.round(p200, 1)),
        case("binary: missing labels", two, y_missing, p200),
        case("binary: all scores equal", two, [0, 1, 1, 0, 1], [0.3] * 5),
        case("binary: threshold is exclusive", two, [0, 1, 1, 0], [0.5, 0.5, 0.50001, 0.49999]),
        case("binary: only negatives, none predicted", two, [0, 0, 0], [0.1, 0.2, 0.3]),
        case("binary: only negatives, one predicted", two, [0, 0, 0], [0.1, 0.2, 0.7]),
        case("binary: only positives, all predicted", two, [1, 1, 1], [0.9, 0.8, 0.7]),
        case("binary: only positives, none predicted", two, [1, 1, 1], [0.4, 0.3, 0.2]),
        case("binary: none predicted", two, [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]),
        case("binary: certain and right", two, [0, 1, 0, 1], [0, 1, 0, 1]),
        case("binary: certain and wrong", two, [0, 1, 0, 1], [0, 0, 1, 1]),
        case("binary: rare positives with tiny scores", two, [0] * 50 + [1, 0, 1],
             list(np.linspace(1e-6, 2e-3, 50)) + [2.5e-3, 1.9e-3, 1.2e-3]),
        case("binary: one row", two, [1], [0.75]),
        case("classes: textbook", many(4), [0, 1, 2, 0, 1, 2, 2, 3], one_hot_outputs([0, 2, 1, 0, 0, 1, 2, 1], 4)),
        case("classes: 300 rows", many(4), c300, softmax(logits)),
        case("classes: 300 rows, coarse scores with many ties", many(4), c300,
             one_hot_outputs(logits.argmax(axis=1), 4, 0.4)),
        case("classes: missing labels", many(4), c_missing, softmax(logits)),
        case("classes: tie goes to the first", many(3), [0, 1, 2, 1],
             [[0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [1 / 3, 1 / 3, 1 / 3]]),
        case("classes: only one class in the labels", many(3), [1, 1, 1], one_hot_outputs([1, 1, 0], 3)),
        case("classes: a class is never predicted", many(3), [0, 1, 2, 2], one_hot_outputs([0, 1, 1, 0], 3)),
        case("classes: a class is only predicted", many(3), [0, 1, 0, 1], one_hot_outputs([0, 2, 2, 1], 3)),
        case("classes: a class is in neither", many(5), [0, 1, 3, 2], one_hot_outputs([0, 1, 2, 3], 5)),
        case("classes: nothing right", many(3), [0, 1, 2], one_hot_outputs([1, 2, 0], 3)),
        case("classes: certain and wrong", many(3), [0, 1, 2], np.eye(3)[[0, 2, 2]]),
        case("classes: two classes", many(2), [0, 1, 1, 0, 1], softmax(random.normal(size=(5, 2)))),
        case("regression: textbook", real, [3, -0.5, 2, 7], [2.5, 0, 2, 8]),
        case("regression: 100 rows", real, r100, r100 + 0.3 * random.normal(size=100)),
        case("regression: worse than the mean", real, [1, 2, 3], [3, 2, 1]),
        case("regression: missing labels", real, [1, nan, 3, nan, 4], [1.5, 9, 2.5, -7, 4]),
        case("regression: constant labels met", real, [2, 2, 2], [2, 2, 2]),
        case("regression: constant labels missed", real, [2, 2, 2], [2, 2.5, 2]),
        case("regression: one row", real, [2], [2.5]),
        *multi_label_cases(),
    ]
    write("metrics", cases, made_with=f"scikit-learn {sklearn.__version__}")
    curves(y200, p200)
    baselines(random)


def curves(y, p):
    cases = []
    for name, scores in [("200 rows", p), ("many ties", np.round(p, 1))]:
        fpr, tpr, roc_at = sk.roc_curve(y, scores.astype("float64"), drop_intermediate=False)
        precision, recall, pr_at = sk.precision_recall_curve(y, scores.astype("float64"))
        cases.append({
            "name": name,
            "labels": numbers(y),
            "scores": numbers(scores),
            "roc": {"false_positive_rate": numbers(fpr), "true_positive_rate": numbers(tpr),
                    "threshold": numbers(roc_at[1:].astype("float32"))},
            "precision_recall": {"precision": numbers(precision[::-1]), "recall": numbers(recall[::-1]),
                                 "threshold": numbers(pr_at[::-1].astype("float32"))},
        })
    write("curves", cases, made_with=f"scikit-learn {sklearn.__version__}")


def baselines(random):
    cases = []
    for name, n_classes in [("binary", 2), ("classes", 3)]:
        train = random.choice(n_classes, 80, p=[0.7, 0.3] if n_classes == 2 else [0.2, 0.5, 0.3])
        test = np.concatenate([np.arange(n_classes), random.integers(0, n_classes, 37)])
        dummy = DummyClassifier(strategy="prior").fit(np.zeros((80, 1)), train)
        p = dummy.predict_proba(np.zeros((40, 1)))[:len(test)].astype("float32")
        kind = {"type": "binary"} if n_classes == 2 else {"type": "classes", "n_classes": n_classes}
        expected = case(name, kind, test, p[:, 1] if n_classes == 2 else p)
        assert expected["values"]["accuracy"] == dummy.score(np.zeros((len(test), 1)), test)
        cases.append({"name": name, "output": kind, "training_labels": numbers(train), "labels": numbers(test),
                      "values": expected["values"]})
    train, test = random.normal(size=50).astype("float32"), random.normal(size=20).astype("float32")
    dummy = DummyRegressor().fit(np.zeros((50, 1)), train)
    p = dummy.predict(np.zeros((20, 1))).astype("float32")
    cases.append({"name": "regression", "output": {"type": "real"}, "training_labels": numbers(train),
                  "labels": numbers(test), "values": case("regression", {"type": "real"}, test, p)["values"]})
    y = np.concatenate([np.eye(3), (random.random((57, 3)) < [0.8, 0.4, 0.1])]).astype("float32")
    dummy = DummyClassifier(strategy="prior").fit(np.zeros((40, 1)), y[:40])
    p = np.stack([column[:, 1] for column in dummy.predict_proba(np.zeros((20, 1)))], axis=1).astype("float32")
    cases.append({"name": "labels", "output": {"type": "multi_label", "n_labels": 3}, "training_labels": numbers(y[:40]),
                  "labels": numbers(y[40:]), "values": multi_label(y[40:], p)[0]})
    write("baselines", cases, made_with=f"scikit-learn {sklearn.__version__}")


if __name__ == "__main__":
    main()
