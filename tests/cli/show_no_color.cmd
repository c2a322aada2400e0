NO_COLOR=1 hornfels show early_warning.h5
exit: 0
