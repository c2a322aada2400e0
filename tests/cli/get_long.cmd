hornfels get kinds.h5 long
exit: 0
