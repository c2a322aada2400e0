hornfels get kinds.h5 a/b/words --raw
exit: 2
