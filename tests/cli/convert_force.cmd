hornfels convert early_warning.h5 kinds.h5 --force --quiet && cmp kinds.h5 kinds.h5 && hornfels get kinds.h5 dense/bias
exit: 0
