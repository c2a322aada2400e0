hornfels get kinds.h5 floats
exit: 0
