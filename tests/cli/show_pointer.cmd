hornfels show pointer.h5
exit: 2
