hornfels get kinds.h5 floats --raw | od -An -t x1
exit: 0
