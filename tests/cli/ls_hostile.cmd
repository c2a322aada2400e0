hornfels ls hostile.h5
exit: 0
