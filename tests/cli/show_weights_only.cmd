hornfels show weights.h5
exit: 2
