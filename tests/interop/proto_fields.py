"""The declarations of `src/proto` against the descriptors inside of TensorFlow and Keras, and what
is encoded against protobuf.

Every message of the files that are declared, every field, every value of an enumeration: number,
name, type, whether it tells absent from default, its oneof. Then messages with every field set, and
real files: protobuf reads them, finds nothing unknown, and writes the same bytes.
"""

# oracles: keras2 tf_keras

import importlib
import json
import os

# Orders maps as this crate does, and tells what is unknown: spec/proto/README.md#maps.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

from google.protobuf import any_pb2, wrappers_pb2  # noqa: E402
from google.protobuf.descriptor import FieldDescriptor  # noqa: E402
from google.protobuf.unknown_fields import UnknownFieldSet  # noqa: E402

import _oracle  # noqa: E402

PLACE = _oracle.WRITTEN / "proto"
KERAS = "tf_keras" if _oracle.ORACLE == "tf_keras" else "keras"
# Larger files take minutes in pure Python.
LARGEST = None if _oracle.ALL else 100_000

# What TensorFlow 2.15 does not have yet.
NEWER_FIELDS = {("tensorflow.FingerprintDef", "uuid")}
NEWER_VALUES = {"FLOAT8_E4M3FNUZ", "FLOAT8_E4M3B11FNUZ", "FLOAT8_E5M2FNUZ", "INT2", "UINT2", "FLOAT4_E2M1FN"}
NEWER_VALUES = {f"DT_{name}{end}" for name in NEWER_VALUES for end in ("", "_REF")}
# What TensorFlow 2.21 calls otherwise.
RENAMED = {"has_length_hack": "has_length"}

SCALARS = {
    number: name.removeprefix("TYPE_").lower()
    for name, number in vars(FieldDescriptor).items()
    if name.startswith("TYPE_")
}


def module(path):
    """The module with the messages of a `.proto` file."""
    if path.startswith("google/"):
        return {"any": any_pb2, "wrappers": wrappers_pb2}[path.split("/")[-1].removesuffix(".proto")]
    name = path.removesuffix(".proto").replace("/", ".") + "_pb2"
    if path.startswith("keras/"):
        name = name.replace("keras", KERAS, 1)
    return importlib.import_module(name)


def plain(name):
    """A full name as this crate has it: Keras's packages are called after their folders."""
    head, found, tail = name.rpartition("keras.protobuf.")
    return f"keras.{tail}" if found else name


def repeated(field):
    return field.is_repeated if hasattr(type(field), "is_repeated") else field.label == field.LABEL_REPEATED


def value_type(field):
    if field.message_type:
        return plain(field.message_type.full_name)
    if field.enum_type:
        return plain(field.enum_type.full_name)
    return SCALARS[field.type]


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def field_type(field):
    if is_map(field):
        entry = field.message_type.fields_by_name
        return f"map<{value_type(entry['key'])}, {value_type(entry['value'])}>"
    if repeated(field):
        return f"repeated {value_type(field)}"
    absent = field.has_presence and not field.message_type and not field.containing_oneof
    return f"optional {value_type(field)}" if absent else value_type(field)


def fields_of(descriptor):
    def row(field):
        oneof = field.containing_oneof.name if field.containing_oneof else None
        return [field.number, field.name, field_type(field), RENAMED.get(oneof, oneof)]

    return sorted(map(row, descriptor.fields))


def everything(file):
    """Messages and enumerations of a file, nested ones too, by their full names."""
    messages, enums = {}, {}

    def add(descriptor):
        if descriptor.GetOptions().map_entry:
            return
        messages[plain(descriptor.full_name)] = descriptor
        for enum in descriptor.enum_types:
            enums[plain(enum.full_name)] = enum
        for nested in descriptor.nested_types:
            add(nested)

    for enum in file.enum_types_by_name.values():
        enums[plain(enum.full_name)] = enum
    for message in file.message_types_by_name.values():
        add(message)
    return messages, enums


def compare_file(file):
    messages, enums = everything(module(file["path"]).DESCRIPTOR)
    if file["path"] == "google/protobuf/wrappers.proto":
        messages = {"google.protobuf.BoolValue": messages["google.protobuf.BoolValue"]}
    ours = {message["name"]: message["fields"] for message in file["messages"]}
    assert set(ours) == set(messages), set(ours) ^ set(messages)
    for name, fields in ours.items():
        expected = fields_of(messages[name])
        if _oracle.ORACLE == "keras2":
            fields = [field for field in fields if (name, field[1]) not in NEWER_FIELDS]
        wrong = [field for field in fields + expected if (field in fields) != (field in expected)]
        assert not wrong, f"{name}: {wrong}"
    named = {enum["name"]: enum["values"] for enum in file["enums"]}
    assert set(named) == set(enums), set(named) ^ set(enums)
    for name, values in named.items():
        found = {(value, number) for value, number in values}
        if _oracle.ORACLE == "keras2":
            found = {value for value in found if value[0] not in NEWER_VALUES}
        expected = {(value.name, value.number) for value in enums[name].values}
        assert found == expected, f"{name}: {sorted(found ^ expected)}"


def unknown_in(message):
    """The numbers of fields that protobuf does not know, with their messages."""
    here = [(message.DESCRIPTOR.full_name, field.field_number) for field in UnknownFieldSet(message)]
    for field, value in message.ListFields():
        if is_map(field):
            if field.message_type.fields_by_name["value"].message_type:
                here += [found for key in value for found in unknown_in(value[key])]
        elif field.message_type:
            parts = value if repeated(field) else [value]
            here += [found for part in parts for found in unknown_in(part)]
    return here


def same_bytes(message_class, encoded):
    message = message_class.FromString(encoded)
    unknown = set(unknown_in(message))
    if _oracle.ORACLE == "keras2":
        unknown -= {("tensorflow.FingerprintDef", 7)}
    assert not unknown, f"unknown: {sorted(unknown)}"
    again = message.SerializeToString(deterministic=True)
    at = next((at for at, pair in enumerate(zip(again, encoded)) if pair[0] != pair[1]), None)
    assert again == encoded, f"{len(again)} bytes, expected {len(encoded)}; the first difference is at {at}"


def same_message(message_class, encoded, path):
    with open(path, "rb") as file:
        original = message_class.FromString(file.read())
    assert message_class.FromString(encoded) == original
    assert original.SerializeToString(deterministic=True) == encoded, "another order"


def classes(files):
    """The class of each message, by its full name."""
    found = {}

    def add(message_class):
        found[plain(message_class.DESCRIPTOR.full_name)] = message_class
        for nested in message_class.DESCRIPTOR.nested_types:
            if not nested.GetOptions().map_entry:
                add(getattr(message_class, nested.name))

    for file in files:
        made = module(file["path"])
        for name in made.DESCRIPTOR.message_types_by_name:
            add(getattr(made, name))
    return found


def main():
    report = _oracle.Report()
    files = json.loads((PLACE / "declared.json").read_text())
    for file in files:
        report.case(file["path"], compare_file, file)
    message_classes = classes(files)
    for path in sorted((PLACE / "filled").iterdir()):
        name = path.name.rsplit(".", 2)[0]
        report.case(f"every field: {path.name}", same_bytes, message_classes[name], path.read_bytes())
    left_out = 0
    for path, name, copy in json.loads((PLACE / "again.json").read_text()):
        encoded = (PLACE / "again" / copy).read_bytes()
        if LARGEST and len(encoded) > LARGEST:
            left_out += 1
            continue
        report.case(f"again: {path}", same_message, message_classes[name], encoded, path)
    if left_out:
        print(f"{left_out} files of more than {LARGEST} bytes left out without --all")
    report.finish(120)


main()
