"""The cases of layers over space and of normalizations."""

import itertools

from _cases import C, L, POLICIES, R, case, masked, on_weights

# Odd sizes, and others for each axis.
SIZES = {1: (11,), 2: (9, 7), 3: (5, 7, 5)}
DYNAMIC = {rank: (None,) * rank for rank in SIZES}
MIXED = {1: (2,), 2: (2, 1), 3: (1, 2, 1)}
LAST, FIRST = "channels_last", "channels_first"


def convolutions():
    for rank, size in SIZES.items():
        kind, shape = f"Conv{rank}D", (*size, 4)
        paddings = ("valid", "same", "causal") if rank == 1 else ("valid", "same")
        steps = [1, 2, 3] if rank == 1 else [1, 2, MIXED[rank]]
        for padding, stride, dilation, groups in itertools.product(paddings, steps, steps, (1, 2)):
            if (stride == 1 or dilation == 1) and not (rank == 3 and dilation == MIXED[3]):
                case(kind, shape, filters=6, kernel_size=3, padding=padding, strides=stride, dilation_rate=dilation, groups=groups)
        for groups in (4,):
            case(kind, shape, filters=8, kernel_size=2, groups=groups, padding="same")
        for padding in paddings:
            case(kind, (*DYNAMIC[rank], 4), sizes=shape, filters=3, kernel_size=2, padding=padding, strides=2)
            case(kind, (*DYNAMIC[rank], 4), sizes=shape, filters=3, kernel_size=2, padding=padding, dilation_rate=2)
        case(kind, (4, *size), filters=4, kernel_size=3, data_format=FIRST)
        case(kind, (4, *size), filters=4, kernel_size=2, data_format=FIRST, padding="same", strides=2, activation="relu")
        case(kind, shape, filters=3, kernel_size=tuple(range(1, rank + 1)), activation="relu", use_bias=False)
        case(kind, shape, filters=3, kernel_size=2, activation="tanh", activity_regularizer=R.L2(0.1), **on_weights("kernel", "bias"))
        case(kind, shape, filters=3, kernel_size=20 if rank == 1 else 10, padding="same", note="a kernel wider than the data")
        for policy in POLICIES[:3]:
            case(kind, shape, filters=3, kernel_size=3, padding="same", policy=policy)
    case("Conv2D", (3, 3, 4), filters=3, kernel_size=3, kernel_constraint=C.RadialConstraint())
    # More dimensions before space.
    case("Conv1D", (2, 11, 4), filters=3, kernel_size=3)
    case("Conv2D", (2, 9, 7, 4), filters=3, kernel_size=3, padding="same", strides=2)


def transposed():
    for rank, size in SIZES.items():
        kind, shape = f"Conv{rank}DTranspose", (*size, 4)
        for padding, stride in itertools.product(("valid", "same"), (1, 2, 3, MIXED[rank])):
            case(kind, shape, filters=3, kernel_size=3, padding=padding, strides=stride)
            case(kind, (*DYNAMIC[rank], 4), sizes=shape, filters=3, kernel_size=2, padding=padding, strides=stride)
            if stride in (2, 3):
                for extra in (0, 1):
                    case(kind, shape, filters=3, kernel_size=3, padding=padding, strides=stride, output_padding=extra)
        if rank < 3:
            for padding in ("valid", "same"):
                case(kind, shape, filters=3, kernel_size=3, padding=padding, dilation_rate=2)
                case(kind, (*DYNAMIC[rank], 4), sizes=shape, filters=3, kernel_size=3, padding=padding, dilation_rate=2)
        else:
            case(kind, shape, filters=3, kernel_size=3, dilation_rate=2)
        case(kind, (4, *size), filters=3, kernel_size=3, data_format=FIRST, strides=2)
        case(kind, shape, filters=3, kernel_size=tuple(range(1, rank + 1)), strides=2, activation="relu", use_bias=False)
        case(kind, shape, filters=3, kernel_size=2, activation="tanh", activity_regularizer=R.L1(0.1), **on_weights("kernel", "bias", turn=1))
        for policy in POLICIES[:3]:
            case(kind, shape, filters=3, kernel_size=3, padding="same", strides=2, policy=policy)


def separable():
    for rank in (1, 2):
        size = SIZES[rank]
        shape = (*size, 4)
        paddings = ("valid", "same", "causal") if rank == 1 else ("valid", "same")
        for padding, stride, dilation, multiplier in itertools.product(paddings, (1, 2, 3), (1, 2, 3), (1, 2)):
            if stride != 1 and dilation != 1:
                continue
            arguments = {"kernel_size": 3, "padding": padding, "strides": stride, "dilation_rate": dilation, "depth_multiplier": multiplier}
            case(f"SeparableConv{rank}D", shape, filters=3, **arguments)
            if padding != "causal":
                case(f"DepthwiseConv{rank}D", shape, **arguments)
        for kind, more in ((f"SeparableConv{rank}D", {"filters": 3}), (f"DepthwiseConv{rank}D", {})):
            for dilation in (1, 2):
                case(kind, (*DYNAMIC[rank], 4), sizes=shape, kernel_size=2, padding="same", dilation_rate=dilation, **more)
            case(kind, (4, *size), kernel_size=3, data_format=FIRST, **more)
            weights = ("depthwise", "pointwise", "bias") if more else ("depthwise", "bias")
            case(kind, shape, kernel_size=2, activation="relu", activity_regularizer=R.L2(0.1), **on_weights(*weights), **more)
            case(kind, shape, kernel_size=tuple(range(2, rank + 2)), use_bias=False, activation="elu", **more)
            for policy in POLICIES[:3]:
                case(kind, shape, kernel_size=3, policy=policy, **more)


def locally_connected():
    for rank in (1, 2):
        kind, size = f"LocallyConnected{rank}D", SIZES[rank]
        for implementation, stride, format in itertools.product((1, 2, 3), (1, 2), (LAST, FIRST)):
            shape = (*size, 3) if format == LAST else (3, *size)
            paddings = ("valid",) if implementation == 1 else ("valid", "same")
            for padding in paddings:
                case(kind, shape, filters=2, kernel_size=3, strides=stride, padding=padding, data_format=format, implementation=implementation)
        for implementation in (1, 2, 3):
            case(kind, (*size, 3), filters=2, kernel_size=2, implementation=implementation, activation="relu", use_bias=False)
            case(kind, (*size, 3), filters=2, kernel_size=2, implementation=implementation, activation="tanh",
                 activity_regularizer=R.L1(0.1), **on_weights("kernel", "bias"))
            case(kind, (*size, 3), filters=2, kernel_size=tuple(range(2, rank + 2)), implementation=implementation)
        case(kind, (*size, 3), filters=2, kernel_size=3, policy="float64")
        case(kind, (*size, 3), filters=2, kernel_size=3, policy="mixed_float16")


def resizing():
    for size in (1, 2, 3):
        case("UpSampling1D", (5, 3), size=size)
    case("UpSampling1D", (None, 3), sizes=(5, 3), size=2)
    for interpolation in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "gaussian", "mitchellcubic", "area"):
        for size in (2, (3, 1)):
            case("UpSampling2D", (5, 3, 2), size=size, interpolation=interpolation)
        case("UpSampling2D", (2, 5, 3), size=(2, 3), interpolation=interpolation, data_format=FIRST)
        case("UpSampling2D", (None, None, 2), sizes=(5, 3, 2), size=2, interpolation=interpolation)
        for policy in POLICIES[:3]:
            case("UpSampling2D", (5, 3, 2), size=2, interpolation=interpolation, policy=policy)
    for size in (2, (1, 2, 3)):
        case("UpSampling3D", (3, 2, 3, 2), size=size)
        case("UpSampling3D", (2, 3, 2, 3), size=size, data_format=FIRST)
    case("UpSampling3D", (None, None, None, 2), sizes=(3, 2, 3, 2), size=2)
    for amount in (1, 3, (0, 2)):
        case("ZeroPadding1D", (5, 3), padding=amount)
    case("ZeroPadding1D", (None, 3), sizes=(5, 3), padding=2)
    for format in (LAST, FIRST):
        place = lambda *size: (*size, 3) if format == LAST else (3, *size)
        for amount in (1, (2, 0), ((1, 2), (0, 3))):
            case("ZeroPadding2D", place(5, 7), padding=amount, data_format=format)
        for amount in (1, (2, 0, 1), ((1, 2), (0, 3), (1, 0))):
            case("ZeroPadding3D", place(3, 5, 2), padding=amount, data_format=format)
        for amount in (1, (2, 0), ((1, 2), (0, 3)), ((0, 0), (0, 0)), ((0, 1), (2, 0))):
            case("Cropping2D", place(5, 7), cropping=amount, data_format=format)
        for amount in (1, (2, 0, 1), ((1, 2), (0, 3), (1, 0)), ((0, 0), (0, 1), (1, 0)), ((0, 0), (0, 0), (0, 0))):
            case("Cropping3D", place(5, 7, 4), cropping=amount, data_format=format)
    for amount in (1, (0, 2), (2, 0), (1, 3)):
        case("Cropping1D", (7, 3), cropping=amount)
    case("Cropping1D", (None, 3), sizes=(7, 3), cropping=(1, 2))
    case("Cropping2D", (None, None, 3), sizes=(7, 5, 3), cropping=((1, 2), (0, 1)))
    case("ZeroPadding2D", (None, None, 3), sizes=(7, 5, 3), padding=((1, 2), (0, 1)))
    case("ZeroPadding2D", (5, 7, 3), padding=1, policy="mixed_float16")
    case("Cropping2D", (5, 7, 3), cropping=1, policy="mixed_float16")


def pooling():
    for way, (rank, size) in itertools.product(("Max", "Average"), SIZES.items()):
        kind, shape = f"{way}Pooling{rank}D", (*size, 3)
        pools = (2, 3) if rank == 1 else (2, 3, tuple(range(2, rank + 2)))
        for pool, stride, padding in itertools.product(pools, (None, 1, 2, 3), ("valid", "same")):
            case(kind, shape, pool_size=pool, strides=stride, padding=padding)
        case(kind, (*DYNAMIC[rank], 3), sizes=shape, pool_size=2, padding="same")
        case(kind, (3, *size), pool_size=2, data_format=FIRST)
        case(kind, (3, *size), pool_size=2, strides=1, padding="same", data_format=FIRST)
        if rank > 1:
            case(kind, shape, pool_size=2, strides=tuple(range(1, rank + 1)))
        # Three axes are pooled in two types only.
        for policy in POLICIES[:3] if rank < 3 else ["mixed_bfloat16"]:
            case(kind, shape, pool_size=2, policy=policy)
    for way, (rank, size) in itertools.product(("Max", "Average"), SIZES.items()):
        kind = f"Global{way}Pooling{rank}D"
        for format, keep in itertools.product((LAST, FIRST), (False, True)):
            shape = (*size, 3) if format == LAST else (3, *size)
            case(kind, shape, data_format=format, keepdims=keep)
        case(kind, (*DYNAMIC[rank], 3), sizes=(*size, 3))
        for policy in POLICIES[:3]:
            case(kind, (*size, 3), policy=policy)


def normalizations():
    shapes = {2: (4,), 3: (5, 4), 4: (5, 3, 4), 5: (3, 2, 3, 4)}
    for rank, shape in shapes.items():
        for center, scale in itertools.product((True, False), repeat=2):
            case("BatchNormalization", shape, center=center, scale=scale, momentum=0.8, epsilon=0.02)
        for axis in range(1, rank):
            case("BatchNormalization", shape, axis=axis)
        case("BatchNormalization", shape, **on_weights("beta", "gamma"), moving_mean_initializer="random_normal",
             moving_variance_initializer="random_uniform", synchronized=True)
        case("BatchNormalization", shape, trainable=False, momentum=0.5)
        for policy in POLICIES[:3]:
            case("BatchNormalization", shape, policy=policy)
    case("BatchNormalization", (5, 3, 4), axis=[1, 3])
    case("BatchNormalization", (5, 4), axis=[1, 2])
    case("BatchNormalization", (None, None, 4), sizes=(5, 3, 4))
    case("BatchNormalization", (None, 4), sizes=(5, 4))
    case("BatchNormalization", (5, 4), renorm=True, renorm_momentum=0.7)
    case("BatchNormalization", (5, 3, 4), renorm=True, renorm_clipping={"rmax": 1.5, "rmin": 0.6, "dmax": 0.5}, axis=1, scale=False)
    case("BatchNormalization", (4, 3), before=masked, synchronized=True, note="after Masking, of all replicas")
    for rank, shape in shapes.items():
        for center, scale in itertools.product((True, False), repeat=2):
            case("LayerNormalization", shape, center=center, scale=scale, epsilon=0.02)
        axes = {2: [1], 3: [1, [1, 2]], 4: [1, 2, [1, 2], [2, 3], [1, 3], [1, 2, 3], [-1, -3]], 5: [2, [2, 3, 4], [1, 4], -2]}[rank]
        for axis in axes:
            case("LayerNormalization", shape, axis=axis)
        case("LayerNormalization", shape, epsilon=1e-7, **on_weights("beta", "gamma", turn=1))
        for policy in POLICIES[:3]:
            case("LayerNormalization", shape, policy=policy)
    case("LayerNormalization", (None, 4), sizes=(5, 4))
    case("LayerNormalization", (5, 3, 4), axis=(2, 1), epsilon=1e-2)
    for rank, shape in shapes.items():
        for groups in (1, 2, 4, -1):
            case("GroupNormalization", shape, groups=groups)
        for center, scale in ((True, False), (False, True), (False, False)):
            case("GroupNormalization", shape, groups=2, center=center, scale=scale, epsilon=0.02)
    case("GroupNormalization", (5, 3, 4), groups=5, axis=1)
    case("GroupNormalization", (5, 4, 3), groups=2, axis=2)
    case("GroupNormalization", (5, 4), groups=2, **on_weights("beta", "gamma"))
    case("GroupNormalization", (None, None, 4), sizes=(5, 3, 4), groups=2)
    case("GroupNormalization", (64,), note="the default groups")
    for policy in POLICIES[:3]:
        case("GroupNormalization", (5, 4), groups=2, policy=policy)
        case("UnitNormalization", (4,), policy=policy)
    for shape, axis in (((4,), -1), ((3, 4), 1), ((3, 4), (1, 2)), ((3, 2, 4), [1, -1]), ((3, 2, 4), 2)):
        case("UnitNormalization", shape, axis=axis)
