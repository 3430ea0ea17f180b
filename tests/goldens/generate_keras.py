"""Writes every golden file that Keras is the reference for. Usage: python generate_keras.py [subject ...]"""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import generate_optimizers

SUBJECTS = {
    "optimizers": generate_optimizers.main,
}

if __name__ == "__main__":
    for subject in sys.argv[1:] or SUBJECTS:
        SUBJECTS[subject]()
