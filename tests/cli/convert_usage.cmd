hornfels convert early_warning.h5
exit: 64
