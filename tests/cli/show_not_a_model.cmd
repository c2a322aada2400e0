hornfels show kinds.h5
exit: 2
