hornfels show early_warning.h5
exit: 0
