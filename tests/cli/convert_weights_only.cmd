hornfels convert weights.h5 out.h5
exit: 2
