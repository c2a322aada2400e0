hornfels show message.h5
exit: 2
