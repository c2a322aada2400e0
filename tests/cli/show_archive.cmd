hornfels show archive.h5
exit: 2
