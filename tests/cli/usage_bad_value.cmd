hornfels convert a.h5 b.h5 --layout fancy
exit: 64
