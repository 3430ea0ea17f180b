"""Shared by the generators: the format of arrays, and the output files."""

import json
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).parent


def number(value):
    """A JSON number; NaN and infinities, which JSON does not have, become strings; None stays None."""
    if value is None:
        return None
    value = float(value)
    if np.isnan(value):
        return "NaN"
    if np.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def numbers(values, dtype=None):
    """A flat list. float32 is written with its shortest decimal, which reads back to the same bits."""
    values = np.asarray(values)
    if dtype is not None:
        values = values.astype(dtype)
    if values.dtype == np.float32:
        return [number(str(value)) for value in values.ravel()]
    return [number(value) for value in values.ravel()]


def array(values):
    """`{"shape": [...], "data": [...]}`, row-major."""
    values = np.asarray(values)
    return {"shape": list(values.shape), "data": numbers(values)}


def write(subject, cases, **header):
    """One file per subject: `{"subject", "made_with", ..., "cases": [...]}`, one case per line."""
    lines = ",\n".join(json.dumps(case, separators=(",", ":"), ensure_ascii=True) for case in cases)
    head = json.dumps({"subject": subject, **header}, ensure_ascii=True)[:-1]
    path = FOLDER / f"{subject}.json"
    path.write_text(f'{head}, "cases": [\n{lines}\n]}}\n')
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")
