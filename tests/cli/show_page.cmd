hornfels show page.h5
exit: 2
