hornfels show nowhere.h5
exit: 2
