hornfels show image.h5
exit: 2
