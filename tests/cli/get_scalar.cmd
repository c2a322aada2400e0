hornfels get kinds.h5 scalar
exit: 0
