hornfels get kinds.h5 flags
exit: 0
