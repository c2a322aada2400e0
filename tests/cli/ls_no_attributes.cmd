hornfels ls early_warning.h5 --no-attributes
exit: 0
