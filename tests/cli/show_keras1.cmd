hornfels show ancient.h5
exit: 0
