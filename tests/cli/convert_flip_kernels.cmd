hornfels convert ancient.h5 new.h5 --dialect keras3 --flip-kernels && hornfels get new.h5 convolution2d_1/kernel --full && hornfels show new.h5 | grep Note
exit: 1
