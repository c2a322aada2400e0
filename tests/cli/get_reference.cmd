hornfels get types.h5 other/reference
exit: 2
