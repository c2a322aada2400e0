hornfels get kinds.h5 floats --json
exit: 0
