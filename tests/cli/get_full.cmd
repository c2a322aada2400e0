hornfels get kinds.h5 long --full | wc -l
exit: 0
