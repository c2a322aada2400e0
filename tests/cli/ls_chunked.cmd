hornfels ls chunked.h5
exit: 0
