"""h5py's side of the contests: does what each line of the input says and answers how long it took.

A line is a verb and its arguments, with tabs between; an answer is seconds and a number to check.
"""

import sys
import time

import h5py
import numpy


def bits(count, seed):
    """Floats that a compressor can do little with, none of them NaN."""
    numbers = numpy.random.default_rng(seed).integers(0, 1 << 30, count, dtype=numpy.uint32)
    return numbers.view(numpy.float32)


class Peer:
    def weights(self, description):
        """Takes the sizes of the tensors: a group, a name and a number of elements a line."""
        self.groups = {}
        with open(description, encoding="utf-8") as lines:
            for seed, line in enumerate(lines):
                group, name, elements = line.rstrip("\n").split("\t")
                self.groups.setdefault(group, {})[name] = bits(int(elements), seed)
        return 0, len(self.groups)

    def write(self, path):
        start = time.perf_counter()
        with h5py.File(path, "w") as file:
            for name, tensors in self.groups.items():
                group = file.create_group(name)
                for name, values in tensors.items():
                    group.create_dataset(name, data=values)
        return time.perf_counter() - start, 0

    def list(self, path, times):
        start = time.perf_counter()
        for _ in range(int(times)):
            found = []
            with h5py.File(path, "r") as file:
                file.visititems(lambda name, item: self.note(found, name, item))
        return time.perf_counter() - start, len(found)

    @staticmethod
    def note(found, name, item):
        if isinstance(item, h5py.Dataset):
            found.append((name, item.shape, item.dtype))

    def read(self, path):
        start = time.perf_counter()
        held = []

        def read(_, item):
            if isinstance(item, h5py.Dataset):
                held.append(item[()])

        with h5py.File(path, "r") as file:
            file.visititems(read)
        return time.perf_counter() - start, sum(values.size for values in held)

    def compress(self, path, mebibytes):
        """A dataset as numpy users make them: chunks of 1 MiB, shuffled and deflated."""
        rows = int(mebibytes) << 8
        random = numpy.random.default_rng(0)
        with h5py.File(path, "w") as file:
            data = file.create_dataset(
                "data", (rows, 1024), "f4", chunks=(256, 1024), compression="gzip", shuffle=True
            )
            for row in range(0, rows, 256):
                values = random.standard_normal((256, 1024), numpy.float32)
                data[row : row + 256] = numpy.round(values * 4096) / 65536
        return 0, rows

    def decompress(self, path):
        start = time.perf_counter()
        with h5py.File(path, "r") as file:
            values = file["data"][()]
        seconds = time.perf_counter() - start
        return seconds, numpy.add.reduce(values.view(numpy.uint32), axis=None, dtype=numpy.uint64)


peer = Peer()
for line in sys.stdin:
    verb, *arguments = line.rstrip("\n").split("\t")
    seconds, number = getattr(peer, verb)(*arguments)
    print(f"{seconds}\t{number}", flush=True)
