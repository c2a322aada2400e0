hornfels get chunked.h5 some
exit: 0
