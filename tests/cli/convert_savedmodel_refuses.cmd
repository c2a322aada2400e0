hornfels convert early_warning.h5 m
exit: 2
