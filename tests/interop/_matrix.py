"""The whole list of cases."""

import _cases
import _cases_spatial
from _cases import CASES

for make in (
    _cases.dense, _cases.core, _cases.regularization, _cases.activations, _cases.merging, _cases.masks,
    _cases_spatial.convolutions, _cases_spatial.transposed, _cases_spatial.separable, _cases_spatial.locally_connected,
    _cases_spatial.resizing, _cases_spatial.pooling, _cases_spatial.normalizations,
):
    make()

import _structures  # noqa: E402, F401

assert len({case.label for case in CASES}) == len(CASES), "a case is there twice"
