hornfels ls kinds.h5 /a/c
exit: 2
