"""Each layer of a SavedModel stands on its own: with its class unknown to the loader, Keras revives it from its functions.

The classes in `keras_metadata.pb` are renamed to such as nobody has. The layers that Keras then makes must predict as the
original does, and learn as it does. Layers that Keras itself rebuilds from their configuration alone are not concerned.
"""
# oracles: keras2
# makes its own files

import json

from _cases import embedded
from _matrix import CASES
from _oracle import Report, keras
from _savedmodel import as_list, chosen, compare, one_or_list, run_packs, save_and_convert
from savedmodel_training import check_step, is_random, learns

keras = keras()
import tensorflow as tf  # noqa: E402
from keras.protobuf import saved_metadata_pb2  # noqa: E402

SAMPLE = 2
# Keras rebuilds these whatever their functions are; a model is rebuilt from its layers.
REBUILT = {"InputLayer", "Normalization", "Model"}


def hide(place, kinds):
    """Renames the classes of these layers; returns their names."""
    path = place / "keras_metadata.pb"
    metadata, hidden = saved_metadata_pb2.SavedMetadata.FromString(path.read_bytes()), []
    for node in metadata.nodes:
        described = json.loads(node.metadata)
        # A layer in a layer is not known by its class, but by what holds it.
        is_inner = node.node_path.rpartition(".")[2].startswith("_")
        if node.identifier == "_tf_keras_layer" and described["class_name"] in kinds and not is_inner:
            described["class_name"] = f"Unknown{described['class_name']}"
            node.metadata = json.dumps(described)
            hidden.append(described["name"])
    path.write_bytes(metadata.SerializeToString(deterministic=True))
    return hidden


def check(built, compiled):
    wrong, model = {}, built.model
    place = save_and_convert(model, built.name)
    kinds = {case.kind for case in built.cases}
    expected = {layer.name for layer in model.layers if type(layer).__name__ in kinds}
    hidden = set(hide(place, kinds))
    assert hidden == expected, f"keras_metadata.pb has layers {sorted(hidden)}, expected {sorted(expected)}"
    revived = keras.models.load_model(place)
    for layer in revived.layers:
        assert (layer.name in hidden) != hasattr(keras.layers, type(layer).__name__), f"{layer.name} is of {type(layer)}"
    for batch in (1, 7):
        passed = one_or_list([tf.constant(x) for x in built.data(batch)])
        wanted = as_list(model(passed, training=False))
        compare(wrong, built, f"revived, batch of {batch}", as_list(revived(passed, training=False)), wanted)
    if any(is_random(case) for case in built.cases):
        return wrong
    for variable in [*model.variables, *revived.variables]:
        # The class knew the constraints; functions do not, but layers inside of it do.
        variable._constraint = None
    check_step(wrong, built, revived, "revived")
    return wrong


def is_masked(case):
    taken = "taken" in case.label
    return taken or case.before is embedded or case.before is not None and any(word in case.label for word in ("ask", "Embedding", "embeddings"))


def main():
    report = Report()
    # A layer that Keras revives gives no masks, whoever wrote it, so that later layers compute something else.
    cases = [case for case in CASES if case.kind not in REBUILT and learns(case) and not is_masked(case)]
    cases = chosen(cases, SAMPLE)
    random = [case for case in cases if is_random(case)]
    print(f"{len(cases)} cases", flush=True)
    run_packs(report, [case for case in cases if case not in random], check, compiled_too=False)
    run_packs(report, random, check, compiled_too=False)
    report.finish(len(cases) // 2)


main()
