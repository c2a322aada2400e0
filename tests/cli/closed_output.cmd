hornfels ls early_warning.h5 > /dev/full
exit: 2
