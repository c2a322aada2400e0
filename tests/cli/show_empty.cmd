hornfels show empty.h5
exit: 2
