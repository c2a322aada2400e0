"""The whole list of cases."""

import collections

import _cases
import _cases_attention
import _cases_masks
import _cases_recurrent
import _cases_spatial
from _cases import CASES

for make in (
    _cases.dense, _cases.core, _cases.regularization, _cases.activations, _cases.merging, _cases.masks,
    _cases_spatial.convolutions, _cases_spatial.transposed, _cases_spatial.separable, _cases_spatial.locally_connected,
    _cases_attention.without_heads, _cases_attention.with_heads,
    _cases_spatial.resizing, _cases_spatial.pooling, _cases_spatial.normalizations,
    _cases_recurrent.sequences, _cases_recurrent.cells, _cases_recurrent.with_cells, _cases_recurrent.wrappers,
    _cases_recurrent.convolutional,
    _cases_masks.every_class, _cases_masks.given, _cases_masks.concatenated,
):
    make()

import _structures  # noqa: E402, F401

twice = [label for label, count in collections.Counter(case.label for case in CASES).items() if count > 1]
assert not twice, f"cases that are there twice: {twice}"
