hornfels show arrays.h5
exit: 2
