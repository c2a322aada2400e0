hornfels ls archive.h5
exit: 2
