hornfels ls weights.h5 /dense
exit: 0
