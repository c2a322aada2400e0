hornfels convert early_warning.h5 out.h5 && hornfels show out.h5
exit: 0
