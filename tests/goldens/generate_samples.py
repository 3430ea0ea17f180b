"""The samples of every layer as Keras (JAX backend) computes them: one golden for each, from the same `samples()` that the laws run over.

The designs, batches and parameters come from `cargo run -p mtl-engine --example samples`; a new layer needs its formula in `build` of
keras_layers.py and nothing else. Cases whose design, batch and parameters are as they were keep the numbers that they have.

Run by generate_keras.py.
"""

import json
import pathlib
import subprocess

import numpy as np

from common import FOLDER, write
from generate_layers import MADE_WITH, computed_case


def exported():
    command = ["cargo", "run", "--quiet", "--package", "mtl-engine", "--example", "samples"]
    return json.loads(subprocess.run(command, cwd=FOLDER, capture_output=True, check=True).stdout)


def read_back(case):
    """The description of a case in the file, as exported."""
    labels = {key: [None if value == "NaN" else value for value in values] for key, values in case["labels"].items()}
    return {key: case[key] for key in ("name", "design", "schema", "inputs", "weights")} | {
        "labels": labels, "training": case.get("training", False)}


def kept():
    path = pathlib.Path(FOLDER, "samples.json")
    return [case for case in json.loads(path.read_text())["cases"]] if path.exists() else []


def main():
    known = {case["name"]: case for case in kept()}
    cases = []
    for case in exported():
        before = known.get(case["name"])
        if before and read_back(before) == case:
            cases.append(before)
            continue
        of = lambda arrays: {key: np.asarray(a["data"], "float32").reshape(a["shape"]) for key, a in arrays.items()}
        kinds = {feature["key"]: feature["kind"]["type"] for feature in case["schema"]["features"]}
        inputs = {key: value if kinds[key] == "dense" else value.astype("int64") for key, value in of(case["inputs"]).items()}
        labels = {key: np.asarray([np.nan if y is None else y for y in values], "float32") for key, values in case["labels"].items()}
        print(case["name"], flush=True)
        cases.append(computed_case(case["name"], case["design"], case["schema"], inputs, labels, of(case["weights"]),
                                   case["training"]))
        if len(cases) % 20 == 0:
            write("samples", cases, made_with=MADE_WITH)  # what is there is kept if a later case fails
    write("samples", cases, made_with=MADE_WITH)
