hornfels get kinds.h5 / --attribute odd@name
exit: 0
