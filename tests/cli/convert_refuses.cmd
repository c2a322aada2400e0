echo old > out.h5; hornfels convert early_warning.h5 out.h5; cat out.h5
exit: 0
