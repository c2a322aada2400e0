hornfels ls by_object.h5 /layers/lstm
exit: 0
