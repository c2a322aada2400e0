head -c 5000 early_warning.h5 > cut.h5; hornfels show cut.h5
exit: 2
