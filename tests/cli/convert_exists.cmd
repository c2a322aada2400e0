hornfels convert early_warning.h5 kinds.h5 && echo replaced
exit: 2
