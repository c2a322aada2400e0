hornfels ls kinds.h5
exit: 0
