hornfels show pickle.h5
exit: 2
