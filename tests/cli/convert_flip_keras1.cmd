hornfels convert ancient.h5 new.h5 --flip-kernels
exit: 2
