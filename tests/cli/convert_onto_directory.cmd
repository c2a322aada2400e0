mkdir there.h5 && hornfels convert early_warning.h5 there.h5 --force
exit: 2
