"""Writes every golden file that Keras is the reference for. Usage: python generate_keras.py [optimizers] [layers] [designer_layers]
[samples] [presets]"""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import generate_designer_layers
import generate_layers
import generate_optimizers
import generate_presets
import generate_samples

SUBJECTS = {
    "optimizers": generate_optimizers.main,
    "layers": generate_layers.main,
    "designer_layers": generate_designer_layers.main,
    "samples": generate_samples.main,
    "presets": generate_presets.main,
}

if __name__ == "__main__":
    for subject in sys.argv[1:] or SUBJECTS:
        SUBJECTS[subject]()
