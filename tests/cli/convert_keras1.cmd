hornfels convert ancient.h5 new.h5 --dialect keras2 && hornfels show new.h5 && hornfels get new.h5 convolution2d_1/kernel --json
exit: 0
