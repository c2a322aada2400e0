hornfels get kinds.h5 shortcut/words
exit: 0
