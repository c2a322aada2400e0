hornfels show by_object.h5
exit: 2
