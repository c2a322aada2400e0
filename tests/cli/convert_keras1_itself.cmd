hornfels convert ancient.h5 same.h5 && hornfels convert same.h5 again.h5 && cmp same.h5 again.h5 && hornfels ls again.h5
exit: 0
