hornfels get kinds.h5 dense/kernel
exit: 2
