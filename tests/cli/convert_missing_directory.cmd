hornfels convert early_warning.h5 nowhere/out.h5
exit: 2
