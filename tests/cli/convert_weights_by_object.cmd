hornfels convert by_object.h5 out.h5
exit: 2
