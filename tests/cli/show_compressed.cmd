hornfels show packed.h5
exit: 2
