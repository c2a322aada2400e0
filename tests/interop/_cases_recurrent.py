"""The cases of recurrent layers, of their cells, and of the layers around other layers."""

import itertools

import tensorflow as tf

from _cases import L, POLICIES, R, Of, case, embedded, first_masked, masked, on_weights, pooled

WEIGHTS = ("kernel", "recurrent", "bias")
STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}
FIRST = "channels_first"
# What stays the same whatever else is asked for.
STEPS, LONG = (5, 3), (None, 3)


def begun(layer, x):
    """Calls a layer with the states that it begins with."""
    return layer(x[0], initial_state=list(x[1:]))


def begun_listed(layer, x):
    return layer(list(x))


def begun_masked(layer, x):
    return layer(x[0], initial_state=list(x[1:]))


def decoded(layer, x):
    """A layer that begins with the states of another, as decoders do."""
    encoder = type(layer)(**{**layer.get_config(), "name": f"{layer.name}_encoder", "return_state": True, "return_sequences": False})
    _, *states = encoder(x[0])
    return layer(x[1], initial_state=states)


def given_mask(layer, x):
    return layer(x[0], mask=x[1])


def stepped(layer, x):
    """Calls a cell by itself."""
    output, states = layer(x[0], states=list(x[1:]))
    return [output, *(states if isinstance(states, (list, tuple)) else [states])]


def flat(layer, x):
    """What a layer gives, where the states of cells are lists in a list."""
    return tf.nest.flatten(layer(x[0]))


def sequences():
    for kind, states in STATES.items():
        sequence(kind, states)
        masks(kind, states)
    for reset_after, use_bias in itertools.product((True, False), (True, False)):
        case("GRU", STEPS, units=4, reset_after=reset_after, use_bias=use_bias, return_sequences=True)
        case("GRU", (5,), dtype="int32", before=embedded, units=4, reset_after=reset_after, use_bias=use_bias)
    case("GRU", STEPS, units=4, reset_after=False, implementation=1, dropout=0.3, recurrent_dropout=0.2)
    case("GRU", STEPS, units=4, reset_after=False, dropout=0.3, kernel_initializer="he_normal")
    case("LSTM", STEPS, units=4, unit_forget_bias=False)


def sequence(kind, states):
    gate = {} if kind == "SimpleRNN" else {"recurrent_activation": "hard_sigmoid"}
    for all_steps, last_states, backwards in itertools.product((False, True), repeat=3):
        case(kind, STEPS, units=4, return_sequences=all_steps, return_state=last_states, go_backwards=backwards)
    case(kind, LONG, sizes=(6, 3), units=4)
    case(kind, LONG, sizes=(6, 3), units=4, return_sequences=True)
    case(kind, (1, 3), units=2, return_sequences=True)
    for activation in ("relu", "linear", "softmax", "selu"):
        case(kind, STEPS, units=3, activation=activation)
    if gate:
        for activation in ("hard_sigmoid", "tanh", "softplus"):
            case(kind, STEPS, units=3, recurrent_activation=activation)
    case(kind, STEPS, units=3, use_bias=False, **gate)
    for turn in range(2):
        case(kind, STEPS, units=3, return_sequences=True, **on_weights(*WEIGHTS, turn=turn))
    case(kind, STEPS, units=3, activity_regularizer=R.L1L2(0.1, 0.2))
    case(kind, STEPS, units=3, return_state=True, activity_regularizer=R.L2(0.1))
    case(kind, STEPS, units=3, unroll=True, return_sequences=True, return_state=True)
    case(kind, STEPS, units=3, trainable=False)
    for policy in POLICIES[:3]:
        case(kind, STEPS, units=3, return_sequences=True, policy=policy)
    for arguments in ({"dropout": 0.4}, {"recurrent_dropout": 0.4}, {"dropout": 0.3, "recurrent_dropout": 0.5}):
        case(kind, STEPS, units=3, **arguments)
    if gate:
        case(kind, STEPS, units=3, implementation=1)
        case(kind, STEPS, units=3, implementation=1, dropout=0.4)
    if gate:
        # The steps come first, so that what is fed are sequences of several lengths.
        case(kind, (2, 3), units=3, time_major=True, return_sequences=True, note="steps first")
        case(kind, (2, 3), units=3, time_major=True, go_backwards=True, return_state=True, note="steps first")
    begins = [STEPS, *[(4,)] * states]
    for call in (begun, begun_listed):
        case(kind, begins, call=call, units=4, return_sequences=True, return_state=True, note=call.__name__)
    case(kind, begins, call=begun, units=4, go_backwards=True, note="begun")
    case(kind, [STEPS, (None, 2)], sizes=[STEPS, (4, 2)], call=decoded, units=4, return_sequences=True, note="decoder")


def masks(kind, states):
    for all_steps, backwards, zeros in itertools.product((False, True), repeat=3):
        arguments = {"return_sequences": all_steps, "go_backwards": backwards}
        if zeros:
            arguments["zero_output_for_mask"] = True
        case(kind, (None,), sizes=(6,), dtype="int32", before=embedded, units=3, **arguments)
    case(kind, (6, 3), before=masked, units=3, return_state=True, return_sequences=True)
    case(kind, (5,), dtype="int32", before=embedded, units=3, unroll=True, return_sequences=True)
    case(kind, (5,), dtype="int32", before=embedded, call=pooled, units=3, return_sequences=True, note="mask passed on")
    case(kind, (6, 3), before=masked, units=3, policy="mixed_float16")
    case(kind, [(6, 3), (6,)], dtype=["float32", "bool"], call=given_mask, units=3, note="with mask")
    begins = [(6, 3), *[(4,)] * states]
    for all_steps in (False, True):
        case(kind, begins, before=first_masked, call=begun_masked, units=4, return_sequences=all_steps, note="begun, masked")


def cells():
    for kind, states in STATES.items():
        shapes = [(3,), *[(4,)] * states]
        gate = {} if kind == "SimpleRNN" else {"recurrent_activation": "hard_sigmoid"}
        case(f"{kind}Cell", shapes, call=stepped, units=4)
        case(f"{kind}Cell", shapes, call=stepped, units=4, activation="relu", use_bias=False, **gate)
        case(f"{kind}Cell", shapes, call=stepped, units=4, dropout=0.3, recurrent_dropout=0.2)
        case(f"{kind}Cell", shapes, call=stepped, units=4, **on_weights(*WEIGHTS))
        case(f"{kind}Cell", shapes, call=stepped, units=4, policy="float64", dtype=["float64"] * len(shapes))
    case("LSTMCell", [(3,), (4,), (4,)], call=stepped, units=4, unit_forget_bias=False)
    case("GRUCell", [(3,), (4,)], call=stepped, units=4, reset_after=False)


def with_cells():
    one = {f"{kind}Cell": Of(f"{kind}Cell", units=4) for kind in STATES}
    lists = (
        [Of("LSTMCell", units=4), Of("GRUCell", units=3)],
        [Of("SimpleRNNCell", units=2, kernel_regularizer=R.L2(0.1)), Of("SimpleRNNCell", units=3), Of("LSTMCell", units=2)],
    )
    for cell in (*one.values(), *lists):
        case("RNN", STEPS, cell=cell)
        case("RNN", STEPS, call=flat, cell=cell, return_sequences=True, return_state=True)
        case("RNN", (None,), sizes=(5,), dtype="int32", before=embedded, cell=cell, return_sequences=True)
        case("RNN", (None,), sizes=(5,), dtype="int32", before=embedded, cell=cell, go_backwards=True)
    case("RNN", STEPS, cell=Of("LSTMCell", units=4), unroll=True)
    case("RNN", (2, 3), cell=Of("LSTMCell", units=4), time_major=True, return_sequences=True, note="steps first")
    case("RNN", STEPS, cell=Of("GRUCell", units=4, reset_after=False), go_backwards=True)
    case("RNN", (5,), dtype="int32", before=embedded, cell=Of("LSTMCell", units=4), zero_output_for_mask=True, return_sequences=True)
    case("RNN", STEPS, cell=Of("LSTMCell", units=4, dropout=0.3, recurrent_dropout=0.2))
    case("RNN", STEPS, cell=Of("LSTMCell", units=4, **on_weights(*WEIGHTS)))
    case("RNN", STEPS, cell=Of("LSTMCell", units=4, dtype="mixed_float16"), policy="mixed_float16")
    case("RNN", [STEPS, (4,), (4,)], call=begun, cell=Of("LSTMCell", units=4), note="begun")
    stacked = Of("StackedRNNCells", cells=[Of("GRUCell", units=3), Of("LSTMCell", units=2)])
    case("RNN", STEPS, call=flat, cell=stacked, return_state=True)


def wrappers():
    for mode in ("concat", "sum", "mul", "ave", None):
        case("Bidirectional", STEPS, layer=Of("LSTM", units=3), merge_mode=mode)
        case("Bidirectional", (None,), sizes=(6,), dtype="int32", before=embedded, layer=Of("GRU", units=3, return_sequences=True), merge_mode=mode)
    for kind, states in STATES.items():
        case("Bidirectional", STEPS, layer=Of(kind, units=3, return_sequences=True, return_state=True))
        case("Bidirectional", (None,), sizes=(6,), dtype="int32", before=embedded, layer=Of(kind, units=3))
        case("Bidirectional", (6, 3), before=masked, call=pooled, layer=Of(kind, units=3, return_sequences=True), note="mask passed on")
        case("Bidirectional", [STEPS, *[(3,)] * 2 * states], call=begun, layer=Of(kind, units=3, return_sequences=True), note="begun")
    case("Bidirectional", STEPS, layer=Of("LSTM", units=3), backward_layer=Of("LSTM", units=4, go_backwards=True))
    case("Bidirectional", STEPS, layer=Of("LSTM", units=3, return_sequences=True), backward_layer=Of("GRU", units=2, go_backwards=True, return_sequences=True))
    case("Bidirectional", STEPS, layer=Of("GRU", units=3, go_backwards=True, return_sequences=True))
    case("Bidirectional", STEPS, layer=Of("LSTM", units=3, **on_weights(*WEIGHTS)))
    case("Bidirectional", STEPS, layer=Of("LSTM", units=3, dtype="mixed_float16"), policy="mixed_float16")
    case("Bidirectional", STEPS, layer=Of("RNN", cell=[Of("GRUCell", units=3), Of("SimpleRNNCell", units=2)]))
    case("Bidirectional", STEPS, layer=Of("LSTM", units=3, return_state=True), merge_mode=None)
    case("Bidirectional", (4, 6, 2), layer=Of("ConvLSTM1D", filters=2, kernel_size=3, return_sequences=True))
    time_distributed()


def time_distributed():
    inner = (
        ((4, 5), Of("Dense", units=3, activation="relu")), ((4, 7, 6, 2), Of("Conv2D", filters=3, kernel_size=3)),
        ((4, 3, 2), Of("Flatten")), ((4, 6, 3), Of("LSTM", units=3)), ((4, 6, 3), Of("GRU", units=3, return_sequences=True)),
        ((4, 6), Of("BatchNormalization")), ((4, 6), Of("LayerNormalization")), ((4, 6, 5, 2), Of("GlobalAveragePooling2D")),
        ((4, 6, 3), Of("Bidirectional", layer=Of("SimpleRNN", units=2))), ((4, 3), Of("Reshape", target_shape=(3, 1))),
        ((4, 5, 3), Of("TimeDistributed", layer=Of("Dense", units=2))), ((4, 6), Of("Activation", activation="softmax")),
    )
    for shape, layer in inner:
        case("TimeDistributed", shape, layer=layer)
        if layer.kind != "Flatten":
            case("TimeDistributed", (None, *shape[1:]), sizes=shape, layer=layer)
    case("TimeDistributed", (4, 3), before=masked, call=pooled, layer=Of("Dense", units=3), note="mask passed on")
    case("TimeDistributed", (4, 5), dtype="int32", before=embedded, layer=Of("LSTM", units=3))
    case("TimeDistributed", (4, 5), dtype="int32", before=embedded, call=pooled, layer=Of("LSTM", units=3), note="mask passed on")
    case("TimeDistributed", (4, 5), dtype="int32", layer=Of("Embedding", input_dim=6, output_dim=3))
    case("TimeDistributed", (4, 6), layer=Of("Dense", units=3, dtype="mixed_float16"), policy="mixed_float16")
    case("TimeDistributed", (4, 6), layer=Of("Dense", units=3, **on_weights("kernel", "bias")))
    case("TimeDistributed", (4, 6, 3), layer=Of("Model"))


def convolutional():
    sizes = {1: (7,), 2: (6, 5), 3: (4, 5, 3)}
    for rank, size in sizes.items():
        kind, shape = f"ConvLSTM{rank}D", (3, *size, 2)
        for padding, all_steps in itertools.product(("valid", "same"), (False, True)):
            case(kind, shape, filters=2, kernel_size=3, padding=padding, return_sequences=all_steps)
        case(kind, shape, filters=2, kernel_size=2, strides=2, return_state=True)
        case(kind, shape, filters=2, kernel_size=2, dilation_rate=2, padding="same")
        case(kind, (None, *[None] * rank, 2), sizes=shape, filters=2, kernel_size=2, return_sequences=True)
        case(kind, (3, 2, *size), filters=2, kernel_size=2, data_format=FIRST, return_sequences=True) if rank != 1 else None
        case(kind, shape, filters=2, kernel_size=tuple(range(1, rank + 1)), activation="relu", recurrent_activation="sigmoid", use_bias=False, go_backwards=True)
        case(kind, shape, filters=2, kernel_size=2, dropout=0.3, recurrent_dropout=0.2)
        case(kind, shape, filters=2, kernel_size=2, unit_forget_bias=False, activity_regularizer=R.L2(0.1))
        case(kind, shape, filters=2, kernel_size=2, **on_weights(*WEIGHTS))
        state = (*(extent - 1 for extent in size), 2)
        case(kind, [shape, state, state], call=begun, filters=2, kernel_size=2, note="begun")
        case(kind, shape, filters=2, kernel_size=2, policy="mixed_float16") if rank < 3 else None
    case("ConvLSTM1D", (3, 2, 7), filters=2, kernel_size=2, data_format=FIRST)
    case("ConvLSTM2D", [(3, 6, 5, 2), (3,)], dtype=["float32", "bool"], call=given_mask, filters=2, kernel_size=2, return_sequences=True, note="with mask")
