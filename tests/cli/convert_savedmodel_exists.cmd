mkdir m && hornfels convert emotions.h5 m
exit: 2
