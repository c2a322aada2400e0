hornfels ls broken.h5
exit: 2
