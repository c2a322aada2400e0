"""TensorFlow's side of the contests: saving and reading what this crate does, too.

Without arguments it does what each line of the input says: a verb and its arguments, with tabs
between; an answer is seconds and a number to check. With arguments it does that one job.
"""

import os
import sys
import time

import numpy
import tensorflow as tf


class Peer:
    def model(self, path):
        """Takes a model from a file, and calls it once: what is measured is saving."""
        self.loaded = tf.keras.models.load_model(path, compile=False)
        return 0, self.loaded.count_params()

    def save_model(self, path):
        """The time that all threads took together, not that which passed."""
        start = time.process_time()
        self.loaded.save(path, save_format="tf")
        return time.process_time() - start, 0

    def load(self, path):
        start = time.perf_counter()
        model = tf.keras.models.load_model(path, compile=False)
        return time.perf_counter() - start, len(model.variables)

    def variables(self, count, elements):
        values = numpy.random.default_rng(0).standard_normal((int(count), int(elements)), numpy.float32)
        self.held = {f"dense_{number:05}": tf.Variable(row) for number, row in enumerate(values)}
        self.checkpoint = tf.train.Checkpoint(**self.held)
        return 0, len(self.held)

    def write(self, prefix):
        start = time.perf_counter()
        self.checkpoint.write(prefix)
        return time.perf_counter() - start, 0

    def list(self, prefix, times):
        start = time.perf_counter()
        for _ in range(int(times)):
            found = len(tf.train.list_variables(prefix))
        return time.perf_counter() - start, found

    def convert(self, source, target):
        """What a program does that turns a file into a directory."""
        start = time.perf_counter()
        tf.keras.models.load_model(source, compile=False).save(target, save_format="tf")
        return time.perf_counter() - start, 0


def main():
    # What libraries print is none of the answers'.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer = Peer()
    if sys.argv[1:]:
        getattr(peer, sys.argv[1])(*sys.argv[2:])
        return
    for line in sys.stdin:
        verb, *arguments = line.rstrip("\n").split("\t")
        seconds, number = getattr(peer, verb)(*arguments)
        print(f"{seconds}\t{number}", file=answers, flush=True)


main()
