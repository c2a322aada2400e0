"""What the scripts about files of weights share: this crate behind a pipe, and the comparison of files."""

import json
import subprocess

import h5py

from _oracle import ROOT, same


class Crate:
    """The example `weights`, which answers line by line."""

    def __init__(self):
        command = ["cargo", "run", "--quiet", "--locked", "--example", "weights"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, **request):
        print(json.dumps({key: str(value) for key, value in request.items()}), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        assert answer["missing"] == answer["unused"] == answer["wrong_shape"] == 0, answer["text"]
        return answer


def datasets(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, it: found.update({name: it[()]}) if isinstance(it, h5py.Dataset) else None)
    return found


def same_files(found, expected, ignored=()):
    """The same datasets of the same types and bytes under the same paths."""
    found, expected = datasets(found), datasets(expected)
    expected = {name: value for name, value in expected.items() if not name.startswith(tuple(ignored))}
    assert found.keys() == expected.keys(), f"only here: {found.keys() - expected.keys()}, only Keras: {expected.keys() - found.keys()}"
    for name, value in expected.items():
        if value.dtype == "V2" != found[name].dtype:
            # bfloat16, which goes into whole files as float32.
            found[name], value = found[name].view("uint32"), value.view("uint16").astype("uint32") << 16
        same(found[name], value, name)
