hornfels get kinds.h5 nothing
exit: 0
