hornfels get kinds.h5 a
exit: 2
