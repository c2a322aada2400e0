hornfels show early_warning.h5 --color always
exit: 0
