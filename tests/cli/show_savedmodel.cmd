hornfels convert emotions.h5 m -q && hornfels show m
exit: 0
