hornfels ls page.h5
exit: 2
