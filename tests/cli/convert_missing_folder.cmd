hornfels convert early_warning.h5 none/out.h5
exit: 2
