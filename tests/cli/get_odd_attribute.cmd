hornfels get kinds.h5 /@odd@name
exit: 0
