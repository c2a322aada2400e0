hornfels show early_warning.h5 --json
exit: 0
