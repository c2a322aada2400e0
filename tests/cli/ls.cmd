hornfels ls early_warning.h5
exit: 0
